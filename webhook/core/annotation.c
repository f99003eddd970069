/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/annotation.h"

#include <errno.h>
#include <string.h>

#include "common/vocabulary.h"
#include "webhook/core/nearest_name.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

enum role {
	ROLE_USER,     /* a user writes it */
	ROLE_REDIRECT, /* the same, and it bears on the redirect only */
	ROLE_WEBHOOK,  /* the webhook writes it, and overrules whoever did before */
	ROLE_LABEL,    /* it is a label, and put in the wrong place */
};

struct annotation {
	const char *key;
	enum role role;
	const char *expected; /* completes "expected ..." */
};

#define PORTS "ports and ranges such as 80,8000-8010"
#define CIDRS "prefixes such as 10.0.0.0/8,fd00::/8"
#define IDS "numbers and ranges such as 1000,2000-2010"
#define INTERFACES "names of interfaces such as net1,net2"
#define BOOLEAN "true or false"
#define OR_ALL ", or *"

static const struct annotation ANNOTATIONS[] = {
	{ANNOTATION_PROFILES, ROLE_USER, "names of profiles"},
	{ANNOTATION_REDIRECT_MODE, ROLE_REDIRECT, "redirect, tproxy, tproxy-both or none"},
	{ANNOTATION_INCLUDE_INBOUND_PORTS, ROLE_REDIRECT, PORTS OR_ALL},
	{ANNOTATION_EXCLUDE_INBOUND_PORTS, ROLE_REDIRECT, PORTS},
	{ANNOTATION_EXCLUDE_INBOUND_CIDRS, ROLE_REDIRECT, CIDRS},
	{ANNOTATION_INCLUDE_OUTBOUND_PORTS, ROLE_REDIRECT, PORTS OR_ALL},
	{ANNOTATION_EXCLUDE_OUTBOUND_PORTS, ROLE_REDIRECT, PORTS},
	{ANNOTATION_INCLUDE_OUTBOUND_CIDRS, ROLE_REDIRECT, CIDRS OR_ALL},
	{ANNOTATION_EXCLUDE_OUTBOUND_CIDRS, ROLE_REDIRECT, CIDRS},
	{ANNOTATION_EXCLUDE_UIDS, ROLE_REDIRECT, IDS},
	{ANNOTATION_EXCLUDE_GIDS, ROLE_REDIRECT, IDS},
	{ANNOTATION_EXCLUDE_INTERFACES, ROLE_REDIRECT, INTERFACES},
	{ANNOTATION_REROUTE_INTERFACES, ROLE_REDIRECT, INTERFACES},
	{ANNOTATION_PORT_MAP, ROLE_REDIRECT, "pairs of ports such as 12220:15003,6379:15004"},
	{ANNOTATION_DNS_CAPTURE, ROLE_REDIRECT, BOOLEAN},
	{ANNOTATION_DROP_INVALID, ROLE_REDIRECT, BOOLEAN},
	{ANNOTATION_NON_TCP, ROLE_REDIRECT, "allow, reject-quic or reject"},
	{ANNOTATION_GATE, ROLE_REDIRECT, "probe, exec or none"},
	{ANNOTATION_PROBES, ROLE_REDIRECT, "auto, keep, exec, exempt or rewrite"},
	{ANNOTATION_STATUS, ROLE_WEBHOOK, NULL},
	{ANNOTATION_REDIRECT, ROLE_WEBHOOK, NULL},
	{LABEL_INJECT, ROLE_LABEL, NULL},
};
enum { ANNOTATION_COUNT = sizeof(ANNOTATIONS) / sizeof(*ANNOTATIONS) };

static bool has_prefix(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

static const struct annotation *find(const char *key)
{
	for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
		if (strcmp(ANNOTATIONS[i].key, key) == 0)
			return &ANNOTATIONS[i];
	}
	return NULL;
}

static int unknown(const char *key, struct err *err)
{
	struct nearest_name nearest = {.wanted = key + strlen(VOCABULARY_PREFIX)};

	for (size_t i = 0; i < ANNOTATION_COUNT; i++)
		nearest_name_consider(&nearest, ANNOTATIONS[i].key + strlen(VOCABULARY_PREFIX));
	if (nearest.found == NULL)
		return err_set(err, EINVAL, "annotation '%.*s' is not known", SHOWN_MAX, key);
	return err_set(err, EINVAL,
		       "annotation '%.*s' is not known: did you mean '" VOCABULARY_PREFIX "%s'?",
		       SHOWN_MAX, key, nearest.found);
}

static int check_ours(const char *key, const json_t *value, struct err *err)
{
	const struct annotation *annotation = find(key);

	if (annotation == NULL)
		return unknown(key, err);
	if (annotation->role == ROLE_LABEL)
		return err_set(err, EINVAL, "'%s' is a label, not an annotation", key);
	if (annotation->role != ROLE_WEBHOOK && json_string_length(value) == 0)
		return err_set(err, EINVAL, "annotation '%s' is empty: expected %s", key,
			       annotation->expected);
	return 0;
}

/* Values are read as C strings, which would silently end there. */
static int check_no_nul(const char *key, const json_t *value, struct err *err)
{
	if (strlen(json_string_value(value)) == json_string_length(value))
		return 0;
	return err_set(err, EINVAL, "annotation '%.*s' holds a NUL character: expected text",
		       SHOWN_MAX, key);
}

int annotation_check(json_t *annotations, struct err *err)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(annotations, key, value) {
		if (has_prefix(key, VOCABULARY_PREFIX))
			r = check_ours(key, value, err);
		else if (!has_prefix(key, VOCABULARY_PARAM_PREFIX))
			continue;
		else if (json_string_length(value) == 0)
			r = err_set(err, EINVAL, "annotation '%.*s' is empty: expected a value",
				    SHOWN_MAX, key);
		if (r == 0)
			r = check_no_nul(key, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int annotation_check_defaults(json_t *defaults, struct err *err)
{
	for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
		if (ANNOTATIONS[i].role == ROLE_WEBHOOK &&
		    annotation_get(defaults, ANNOTATIONS[i].key) != NULL)
			return err_set(err, EINVAL,
				       "annotation '%s' is no default: the webhook writes it, on "
				       "pods",
				       ANNOTATIONS[i].key);
	}
	return 0;
}

bool annotation_is_of_redirect(const char *key)
{
	const struct annotation *annotation = find(key);

	return annotation != NULL && annotation->role == ROLE_REDIRECT;
}

bool annotation_is_subject(const char *key, const char *sentence)
{
	const char *quoted = strchr(sentence, '\'');
	size_t length = strlen(key);

	if (quoted == NULL ||
	    strncmp(quoted + 1, key, length < SHOWN_MAX ? length : SHOWN_MAX) != 0)
		return false;
	/* Longer names are not shown whole. */
	return length >= SHOWN_MAX || quoted[1 + length] == '\'';
}

int annotation_refuse_redirect(json_t *annotations, struct err *err)
{
	for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
		if (ANNOTATIONS[i].role == ROLE_REDIRECT &&
		    annotation_get(annotations, ANNOTATIONS[i].key) != NULL)
			return err_set(err, EINVAL,
				       "annotation '%s' has no effect: none of the pod's profiles "
				       "redirects traffic",
				       ANNOTATIONS[i].key);
	}
	return 0;
}

bool annotation_is_ours(const char *key)
{
	return has_prefix(key, VOCABULARY_PREFIX) || has_prefix(key, VOCABULARY_PARAM_PREFIX);
}

bool annotation_is_known(const char *key)
{
	return find(key) != NULL || has_prefix(key, VOCABULARY_PARAM_PREFIX);
}

const char *annotation_get(const json_t *annotations, const char *key)
{
	return json_string_value(json_object_get(annotations, key));
}

int annotation_refuse(const char *key, const char *value, struct err *err)
{
	const struct annotation *annotation = find(key);

	return err_set(err, EINVAL, "annotation '%s' is '%.*s', expected %s", key, SHOWN_MAX, value,
		       annotation != NULL ? annotation->expected : "another value");
}

int annotation_wrap(const char *key, const char *value, struct err *err)
{
	const struct err reason = *err;
	struct err refusal = {0};

	annotation_refuse(key, value, &refusal);
	return err_set(err, -reason.code, "%s: %s", refusal.msg, reason.msg);
}
