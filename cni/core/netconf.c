/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/netconf.h"

#include <errno.h>
#include <string.h>

#include "cni/core/cni_result.h"
#include "cni/core/json_slice.h"
#include "common/base/cidr.h"
#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/vocabulary.h"

/* SPEC 1.1.0, "Configuration format": what a configuration without the key is. */
#define VERSION_WHERE_MISSING "0.1.0"

/* A member of the wrong type is a failure to decode, which the SPEC tells from a bad value. */
static int undecodable(struct err *err)
{
	if (err->code == -EINVAL)
		err->code = -EBADMSG;
	return err_wrap(err, "network configuration");
}

/* The first version that has the command. */
static const char *first_version_of(enum cni_command command)
{
	switch (command) {
	case CNI_COMMAND_CHECK:
		return "0.4.0";
	case CNI_COMMAND_GC:
	case CNI_COMMAND_STATUS:
		return "1.1.0";
	case CNI_COMMAND_ADD:
	case CNI_COMMAND_DEL:
	case CNI_COMMAND_VERSION:
		break;
	}
	return "0.3.0";
}

static int decode_version(struct netconf *conf, enum cni_command command, struct err *err)
{
	const char *first = first_version_of(command);
	const char *text = NULL;

	if (json_read_string(conf->document, "cniVersion", &text, err) < 0)
		return undecodable(err);
	if (text == NULL)
		text = VERSION_WHERE_MISSING;
	conf->cni_version = cni_result_version(text);
	if (conf->cni_version == NULL)
		return err_set(err, EPROTONOSUPPORT,
			       "cniVersion '%.32s' is not supported, 0.3.0 to " CNI_VERSION_NEWEST
			       " are",
			       text);
	/* Every number in the supported versions has one digit: they sort as text. */
	if (strcmp(conf->cni_version, first) < 0)
		return err_set(err, EPROTONOSUPPORT, "cniVersion %s has no %s, %s is the first",
			       conf->cni_version, cni_command_name(command), first);
	return 0;
}

static int decode_name(struct netconf *conf, struct err *err)
{
	if (json_read_string(conf->document, "name", &conf->name, err) < 0)
		return undecodable(err);
	if (conf->name == NULL)
		return err_set(err, EINVAL, "the network configuration has no name");
	if (!cni_is_identifier(conf->name))
		return err_set(err, EINVAL,
			       "'%.64s' is no name of a network: letters, digits and _.-, a letter "
			       "or digit first",
			       conf->name);
	return 0;
}

static bool is_prev_result_needed(enum cni_command command)
{
	return command == CNI_COMMAND_ADD || command == CNI_COMMAND_CHECK;
}

/* Gives the decoded prevResult, borrowed, or NULL; keeps its text in the netconf. */
static int decode_prev_result(const char *text, size_t length, enum cni_command command,
			      struct netconf *conf, json_t **ret_prev_result, struct err *err)
{
	struct json_slice slice;
	json_t *prev_result;

	if (json_read_object(conf->document, "prevResult", &prev_result, err) < 0)
		return undecodable(err);
	if (prev_result == NULL && is_prev_result_needed(command))
		return err_set(err, EINVAL,
			       "the network configuration has no prevResult: sidewire-cni must be "
			       "chained behind the plugin that makes the pod's network");
	if (prev_result != NULL &&
	    json_slice_member(text, length, conf->document, "prevResult", &slice)) {
		conf->prev_result = slice.text;
		conf->prev_result_length = slice.length;
	}
	*ret_prev_result = prev_result;
	return 0;
}

static int decode_annotation(struct netconf *conf, struct err *err)
{
	json_t *runtime = NULL;
	json_t *annotations = NULL;

	int r = json_read_object(conf->document, "runtimeConfig", &runtime, err);
	if (r == 0 && runtime != NULL)
		r = json_read_object(runtime, CNI_CAPABILITY_ANNOTATIONS, &annotations, err);
	if (r == 0 && annotations != NULL)
		r = json_read_string(annotations, ANNOTATION_REDIRECT, &conf->redirect, err);
	return r < 0 ? undecodable(err) : 0;
}

/* "10.1.2.3/24", the address of an interface: bits behind the prefix are set. */
static int decode_address(const json_t *ip, struct cidr *ret_address, struct err *err)
{
	const char *text = NULL;

	if (!json_is_object(ip))
		return err_set(err, EBADMSG, "an object was expected, found %s",
			       json_type_name(ip));
	if (json_read_string(ip, "address", &text, err) < 0)
		return undecodable(err);
	if (text == NULL)
		return err_set(err, EBADMSG, "'address' is missing");
	if (cidr_parse(text, strcspn(text, "/"), ret_address, err) < 0)
		return undecodable(err);
	return 0;
}

static int decode_families(const json_t *prev_result, struct netconf *conf, struct err *err)
{
	json_t *ips = NULL;
	json_t *ip;
	size_t i;

	if (json_read_array(prev_result, "ips", &ips, err) < 0)
		return undecodable(err);
	json_array_foreach(ips, i, ip) {
		struct cidr address;

		if (decode_address(ip, &address, err) < 0)
			return err_wrap(err, "prevResult.ips[%zu]", i);
		conf->has_v6 = conf->has_v6 || address.is_v6;
		conf->is_v6_first = i == 0 ? address.is_v6 : conf->is_v6_first;
	}
	return 0;
}

static int decode_backend(struct netconf *conf, struct err *err)
{
	const char *text = NULL;

	if (json_read_string(conf->document, "backend", &text, err) < 0)
		return undecodable(err);
	if (text != NULL && backend_choice_parse(text, &conf->backend, err) < 0)
		return err_wrap(err, "network configuration: backend");
	return 0;
}

/* What only a redirect needs. */
static int decode_for_redirect(const json_t *prev_result, struct netconf *conf, struct err *err)
{
	int r = decode_families(prev_result, conf, err);

	return r < 0 ? r : decode_backend(conf, err);
}

static int decode_members(const char *text, size_t length, enum cni_command command,
			  struct netconf *conf, struct err *err)
{
	json_t *prev_result = NULL;
	int r = decode_version(conf, command, err);

	if (r == 0)
		r = decode_name(conf, err);
	if (r == 0)
		r = decode_prev_result(text, length, command, conf, &prev_result, err);
	if (r == 0)
		r = decode_annotation(conf, err);
	if (r == 0 && conf->redirect != NULL && is_prev_result_needed(command))
		r = decode_for_redirect(prev_result, conf, err);
	return r;
}

int netconf_decode(const char *text, size_t length, enum cni_command command,
		   struct netconf *ret_conf, struct err *err)
{
	CLEANUP(netconf_release) struct netconf conf = {0};

	if (length > NETCONF_SIZE_MAX)
		return err_set(err, E2BIG,
			       "the network configuration has %zu bytes, at most %d are read",
			       length, NETCONF_SIZE_MAX);
	if (json_read_text(text, length, &conf.document, err) < 0)
		return undecodable(err);
	int r = decode_members(text, length, command, &conf, err);
	if (r < 0)
		return r;
	*ret_conf = conf;
	conf = (struct netconf){0};
	return 0;
}

void netconf_release(struct netconf *conf)
{
	json_decref(conf->document);
	*conf = (struct netconf){0};
}
