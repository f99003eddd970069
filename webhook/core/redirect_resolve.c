/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/redirect_resolve.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/redirect_list.h"

/* A spec of its own with the profile's values. */
static int copy_spec(const struct redirect_spec *from, struct redirect_spec *to, struct err *err)
{
	int r = 0;

	to->mode = from->mode;
	to->outbound_port = from->outbound_port;
	to->inbound_port = from->inbound_port;
	to->gate_port = from->gate_port;
	to->proxy_mark = from->proxy_mark;
	to->self_call = from->self_call;
	to->dns_port = from->dns_port;
	to->drop_invalid = from->drop_invalid;
	to->non_tcp = from->non_tcp;
	for (size_t i = 0; r == 0 && i < from->inbound_source.count; i++)
		r = cidr_list_add(&to->inbound_source, &from->inbound_source.items[i], err);
	for (size_t i = 0; r == 0 && i < from->dns_servers.count; i++)
		r = cidr_list_add(&to->dns_servers, &from->dns_servers.items[i], err);
	if (r == 0)
		r = range_list_add_all(&to->proxy_uids, &from->proxy_uids, err);
	if (r == 0)
		r = range_list_add_all(&to->proxy_gids, &from->proxy_gids, err);
	return r == 0 ? redirect_list_add_all(to, from, err) : r;
}

static int apply_lists(const json_t *annotations, struct redirect_spec *spec, struct err *err)
{
	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++) {
		const struct redirect_list *list = &REDIRECT_LISTS[i];
		const char *value = annotation_get(annotations, list->annotation);
		int r = value != NULL ? redirect_list_apply(list, value, spec, err) : 0;

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			return annotation_wrap(list->annotation, value, err);
	}
	return 0;
}

static int apply_mode(const json_t *annotations, struct redirect_spec *spec, struct err *err)
{
	const char *value = annotation_get(annotations, ANNOTATION_REDIRECT_MODE);

	if (value != NULL && redirect_mode_parse(value, &spec->mode, err) < 0)
		return annotation_refuse(ANNOTATION_REDIRECT_MODE, value, err);
	return 0;
}

static int apply_boolean(const json_t *annotations, const char *key, bool *value, struct err *err)
{
	const char *text = annotation_get(annotations, key);

	if (text == NULL)
		return 0;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return annotation_refuse(key, text, err);
	*value = strcmp(text, "true") == 0;
	return 0;
}

static int apply_non_tcp(const json_t *annotations, struct redirect_spec *spec, struct err *err)
{
	const char *value = annotation_get(annotations, ANNOTATION_NON_TCP);

	if (value != NULL && non_tcp_parse(value, &spec->non_tcp, err) < 0)
		return annotation_refuse(ANNOTATION_NON_TCP, value, err);
	return 0;
}

/* The document has a dnsPort only where DNS goes there. */
static int apply_dns(const struct profile *profile, const json_t *annotations,
		     struct redirect_spec *spec, struct err *err)
{
	bool is_captured = profile->is_capturing_dns;
	int r = apply_boolean(annotations, ANNOTATION_DNS_CAPTURE, &is_captured, err);

	if (r < 0)
		return r;
	if (is_captured && spec->dns_port == 0)
		return err_set(err, EINVAL,
			       "annotation '" ANNOTATION_DNS_CAPTURE
			       "' is 'true', but profile '%s' has no dnsPort: its proxy answers no "
			       "DNS",
			       profile->name);
	if (!is_captured) {
		spec->dns_port = 0;
		cidr_list_release(&spec->dns_servers);
	}
	return 0;
}

static int apply_words(const struct profile *profile, const json_t *annotations,
		       struct redirect_spec *spec, struct err *err)
{
	int r = apply_mode(annotations, spec, err);

	if (r == 0)
		r = apply_dns(profile, annotations, spec, err);
	if (r == 0)
		r = apply_boolean(annotations, ANNOTATION_DROP_INVALID, &spec->drop_invalid, err);
	return r == 0 ? apply_non_tcp(annotations, spec, err) : r;
}

/*
 * Checks what the values say together. The profile's own were checked when it was read, so a
 * contradiction is one with an annotation: the first that there is of those that the sentence may
 * mean by the field that it names.
 */
static int check_together(const json_t *annotations, const struct redirect_spec *spec,
			  struct err *err)
{
	static const struct {
		const char *field, *keys[2];
	} PARTIES[] = {
		{"dropInvalid", {ANNOTATION_DROP_INVALID, ANNOTATION_REDIRECT_MODE}},
		{"proxyMark", {ANNOTATION_REDIRECT_MODE, ANNOTATION_REDIRECT_MODE}},
		{"Interfaces", {ANNOTATION_REROUTE_INTERFACES, ANNOTATION_EXCLUDE_INTERFACES}},
		{"portMap", {ANNOTATION_PORT_MAP, ANNOTATION_PORT_MAP}},
	};
	int r = redirect_spec_check(spec, err);

	for (size_t i = 0; r < 0 && i < sizeof(PARTIES) / sizeof(*PARTIES); i++) {
		const char *const *keys = PARTIES[i].keys;
		const char *key = annotation_get(annotations, keys[0]) != NULL ? keys[0] : keys[1];
		const char *value = annotation_get(annotations, key);

		if (value != NULL && strstr(err->msg, PARTIES[i].field) != NULL)
			return err_wrap(err, "annotation '%s' is '%.64s'", key, value);
	}
	return r;
}

static int apply_gate(const json_t *annotations, enum gate *gate, struct err *err)
{
	const char *value = annotation_get(annotations, ANNOTATION_GATE);

	if (value != NULL && gate_parse(value, gate, err) < 0)
		return annotation_refuse(ANNOTATION_GATE, value, err);
	return 0;
}

int redirect_resolve(const struct profile *profile, const json_t *annotations,
		     struct redirect_spec *ret_spec, enum gate *ret_gate, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	enum gate gate = profile->gate;
	int r = copy_spec(&profile->redirect, &spec, err);

	if (r == 0)
		r = apply_lists(annotations, &spec, err);
	if (r == 0)
		r = apply_words(profile, annotations, &spec, err);
	if (r == 0)
		r = apply_gate(annotations, &gate, err);
	if (r == 0)
		r = check_together(annotations, &spec, err);
	if (r != 0)
		return r;
	if (spec.mode == REDIRECT_MODE_NONE) {
		redirect_spec_release(&spec);
		gate = GATE_NONE;
	}
	if (gate == GATE_NONE)
		spec.gate_port = 0;
	*ret_gate = gate;
	*ret_spec = spec;
	spec = (struct redirect_spec){0};
	return 0;
}
