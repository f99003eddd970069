/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/profile_redirect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"
#include "common/vocabulary.h"
#include "webhook/core/container_identity.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/redirect_list.h"

static const char *const GATE_NAMES[] = {
	[GATE_NONE] = "none",
	[GATE_PROBE] = "probe",
	[GATE_EXEC] = "exec",
};
enum { GATE_COUNT = sizeof(GATE_NAMES) / sizeof(*GATE_NAMES) };

const char *gate_name(enum gate gate)
{
	return GATE_NAMES[gate];
}

int gate_parse(const char *text, enum gate *ret_gate, struct err *err)
{
	for (int i = 0; i < GATE_COUNT; i++) {
		if (strcmp(text, GATE_NAMES[i]) == 0) {
			*ret_gate = (enum gate)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%.64s' is not probe, exec or none", text);
}

static int missing(const char *key, struct err *err)
{
	return err_set(err, EINVAL, "'%s' is missing", key);
}

/* Appends one element of a list: a number, or a text without a comma of its own. */
static int append_element(const json_t *element, struct strbuf *out, struct err *err)
{
	const char *text = json_string_value(element);

	strbuf_puts(out, out->length > 0 ? "," : "");
	if (json_is_integer(element)) {
		strbuf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(element));
		return 0;
	}
	if (text == NULL)
		return err_set(err, EINVAL, "a list holds numbers and texts, found %s",
			       json_type_name(element));
	if (*text == '\0' || strlen(text) != json_string_length(element))
		return err_set(err, EINVAL, "a list must not hold empty texts or NUL characters");
	strbuf_puts(out, text);
	return 0;
}

/*
 * The comma list of a member that is an array ([80, "8000-8010"]) or such a text itself; NULL when
 * it is absent. The caller frees it.
 */
static int read_list(const json_t *parent, const char *key, char **ret_text, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	json_t *member = json_object_get(parent, key);
	json_t *element;
	size_t index;

	if (member == NULL || json_is_null(member)) {
		*ret_text = NULL;
		return 0;
	}
	if (!json_is_array(member)) {
		int r = append_element(member, &text, err);

		return r < 0 ? err_wrap(err, "'%s'", key) : strbuf_finish(&text, ret_text, err);
	}
	json_array_foreach(member, index, element) {
		int r = append_element(element, &text, err);

		if (r < 0)
			return err_wrap(err, "'%s'", key);
	}
	return strbuf_finish(&text, ret_text, err);
}

/* Reads a port that must be there unless it has a default (*ret_port not 0). */
static int read_port(const json_t *redirect, const char *key, uint16_t *ret_port, struct err *err)
{
	json_int_t port = *ret_port;
	int r = json_read_integer(redirect, key, 1, UINT16_MAX, &port, err);

	if (r < 0)
		return r;
	if (port == 0)
		return missing(key, err);
	*ret_port = (uint16_t)port;
	return 0;
}

static int read_ids(const json_t *proxy, const char *key, struct range_list *ret_ids,
		    struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	int r = read_list(proxy, key, &text, err);

	if (r < 0 || text == NULL)
		return r;
	r = range_list_parse(text, &RANGE_KIND_ID, ret_ids, err);
	return r < 0 ? err_wrap(err, "'%s'", key) : 0;
}

static int read_proxy(const json_t *redirect, struct redirect_spec *spec, struct err *err)
{
	static const char *const KEYS[] = {"uids", "gids", "mark", NULL};
	json_t *proxy = NULL;
	json_int_t mark = 0;
	int r = json_read_object(redirect, "proxy", &proxy, err);

	if (r < 0)
		return r;
	if (proxy == NULL)
		return missing("proxy", err);
	r = json_read_only_keys(proxy, KEYS, err);
	if (r == 0)
		r = read_ids(proxy, "uids", &spec->proxy_uids, err);
	if (r == 0)
		r = read_ids(proxy, "gids", &spec->proxy_gids, err);
	if (r == 0)
		r = json_read_integer(proxy, "mark", 0, UINT32_MAX, &mark, err);
	if (r < 0)
		return err_wrap(err, "proxy");
	spec->proxy_mark = (uint32_t)mark;
	return 0;
}

/* Without `redirect` a profile redirects nothing, so no profile has the mode none. */
static int parse_mode(const char *text, enum redirect_mode *ret_mode, struct err *err)
{
	int r = redirect_mode_parse(text, ret_mode, err);

	if (r == 0 && *ret_mode == REDIRECT_MODE_NONE)
		return err_set(err, EINVAL,
			       "a profile that redirects nothing has no 'redirect'; pods can have "
			       "the annotation " ANNOTATION_REDIRECT_MODE ": none");
	return r;
}

static int read_names(const json_t *redirect, struct profile *profile, struct err *err)
{
	struct redirect_spec *spec = &profile->redirect;
	const char *mode = NULL;
	const char *self_call = NULL;
	const char *non_tcp = NULL;
	const char *gate = NULL;
	int r = json_read_string(redirect, "mode", &mode, err);

	if (r == 0)
		r = json_read_string(redirect, "selfCall", &self_call, err);
	if (r == 0)
		r = json_read_string(redirect, "nonTcp", &non_tcp, err);
	if (r == 0)
		r = json_read_string(redirect, "gate", &gate, err);
	if (r < 0)
		return r;
	if (mode != NULL && parse_mode(mode, &spec->mode, err) < 0)
		return err_wrap(err, "'mode'");
	if (gate != NULL && gate_parse(gate, &profile->gate, err) < 0)
		return err_wrap(err, "'gate'");
	if (self_call != NULL && self_call_parse(self_call, &spec->self_call, err) < 0)
		return err_wrap(err, "'selfCall'");
	if (non_tcp != NULL && non_tcp_parse(non_tcp, &spec->non_tcp, err) < 0)
		return err_wrap(err, "'nonTcp'");
	return 0;
}

/* Reads a list of addresses; when it is absent *ret_cidrs stays. */
static int read_cidrs(const json_t *redirect, const char *key, struct cidr_list *ret_cidrs,
		      struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	int r = read_list(redirect, key, &text, err);

	if (r < 0 || text == NULL)
		return r;
	cidr_list_release(ret_cidrs);
	r = cidr_list_parse(text, ret_cidrs, err);
	return r < 0 ? err_wrap(err, "'%s'", key) : 0;
}

/* Where DNS goes, by default of all servers and of all pods. */
static int read_dns(const json_t *redirect, struct profile *profile, struct err *err)
{
	struct redirect_spec *spec = &profile->redirect;
	json_int_t port = 0;
	int r = json_read_integer(redirect, "dnsPort", 0, UINT16_MAX, &port, err);

	if (r == 0 && port != 0)
		r = cidr_list_parse("0.0.0.0/0,::/0", &spec->dns_servers, err);
	if (r == 0)
		r = read_cidrs(redirect, "dnsServers", &spec->dns_servers, err);
	if (r < 0)
		return r;
	spec->dns_port = (uint16_t)port;
	profile->is_capturing_dns = port != 0;
	r = json_read_boolean(redirect, "dnsCapture", &profile->is_capturing_dns, err);
	if (r == 0 && profile->is_capturing_dns && port == 0)
		return err_set(err, EINVAL, "'dnsCapture' needs a dnsPort to send DNS to");
	return r;
}

static int read_lists(const json_t *redirect, struct redirect_spec *spec, struct err *err)
{
	int r = redirect_list_include_all(spec, err);

	for (size_t i = 0; r == 0 && i < REDIRECT_LIST_COUNT; i++) {
		const struct redirect_list *list = &REDIRECT_LISTS[i];
		CLEANUP(freep) char *text = NULL;

		r = read_list(redirect, list->member, &text, err);
		if (r == 0 && text != NULL && redirect_list_apply(list, text, spec, err) < 0)
			r = err_wrap(err, "'%s'", list->member);
	}
	return r;
}

/* Refuses members that nobody knows. */
static int check_keys(json_t *redirect, struct err *err)
{
	static const char *const OWN_KEYS[] = {
		"mode",       "outboundPort",  "inboundPort", "container",  "proxy",  "selfCall",
		"gate",       "gatePort",      "dnsPort",     "dnsServers", "nonTcp", "dropInvalid",
		"dnsCapture", "inboundSource", "probes",      NULL};
	const char *keys[REDIRECT_LIST_COUNT + sizeof(OWN_KEYS) / sizeof(*OWN_KEYS)];
	size_t count = 0;

	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++)
		keys[count++] = REDIRECT_LISTS[i].member;
	for (size_t i = 0; i < sizeof(OWN_KEYS) / sizeof(*OWN_KEYS); i++)
		keys[count++] = OWN_KEYS[i];
	return json_read_only_keys(redirect, keys, err);
}

/* The port must be free of what the rules mean by the others. */
static int check_probe_port(const struct redirect_spec *spec, uint16_t port, struct err *err)
{
	if (port != spec->outbound_port && port != spec->inbound_port && port != spec->gate_port &&
	    port != GATE_SOURCE_PORT)
		return 0;
	return err_set(err, EINVAL, "'port' is %u, which is a port of the redirect", port);
}

/* The sidecar's server for probes of others, if it has one. */
static int read_probes(const json_t *redirect, struct profile *profile, struct err *err)
{
	static const char *const KEYS[] = {"port", "env", NULL};
	json_t *probes = NULL;
	const char *env = NULL;
	int r = json_read_object(redirect, "probes", &probes, err);

	if (r < 0 || probes == NULL)
		return r;
	r = json_read_only_keys(probes, KEYS, err);
	if (r == 0)
		r = read_port(probes, "port", &profile->probe_port, err);
	if (r == 0)
		r = check_probe_port(&profile->redirect, profile->probe_port, err);
	if (r == 0)
		r = json_read_string(probes, "env", &env, err);
	if (r == 0 && (env == NULL || *env == '\0' || strchr(env, '=') != NULL))
		r = err_set(err, EINVAL, "'env' must be the name of a variable");
	if (r != 0)
		return err_wrap(err, "probes");
	profile->probe_env = strdup(env);
	return profile->probe_env != NULL ? 0 : err_set(err, ENOMEM, "out of memory");
}

/* The proxy's container must be in the overlay, and be the proxy that the rules let pass. */
static int check_container(const struct profile *profile, struct err *err)
{
	const struct redirect_spec *spec = &profile->redirect;
	json_t *container = pod_container(profile->pod, profile->container);
	char text[CONTAINER_IDENTITY_TEXT_SIZE];

	if (container == NULL)
		return err_set(err, EINVAL,
			       "'container': the overlay has no container named '%.64s'",
			       profile->container);
	if (spec->proxy_mark != 0 ||
	    container_may_be(profile->pod, container, "runAsUser", &spec->proxy_uids) ||
	    container_may_be(profile->pod, container, "runAsGroup", &spec->proxy_gids))
		return 0;
	container_identity_text(profile->pod, container, &spec->proxy_uids, &spec->proxy_gids,
				text);
	return err_set(err, EINVAL,
		       "container '%.64s' runs as %s, which is neither in proxy.uids nor in "
		       "proxy.gids",
		       profile->container, text);
}

static int read_container(const json_t *redirect, struct profile *profile, struct err *err)
{
	const char *container = NULL;
	int r = json_read_string(redirect, "container", &container, err);

	if (r < 0)
		return r;
	if (container == NULL)
		return missing("container", err);
	profile->container = strdup(container);
	if (profile->container == NULL)
		return err_set(err, ENOMEM, "out of memory");
	return check_container(profile, err);
}

static int read_ports(const json_t *redirect, struct redirect_spec *spec, struct err *err)
{
	int r = read_port(redirect, "outboundPort", &spec->outbound_port, err);

	spec->gate_port = GATE_PORT_DEFAULT;
	if (r == 0)
		r = read_port(redirect, "inboundPort", &spec->inbound_port, err);
	return r == 0 ? read_port(redirect, "gatePort", &spec->gate_port, err) : r;
}

int profile_redirect_read(json_t *redirect, struct profile *profile, struct err *err)
{
	struct redirect_spec *spec = &profile->redirect;
	int r = check_keys(redirect, err);

	profile->is_redirecting = true;
	profile->gate = GATE_PROBE;
	spec->mode = REDIRECT_MODE_REDIRECT;
	if (r == 0)
		r = read_ports(redirect, spec, err);
	if (r == 0)
		r = read_names(redirect, profile, err);
	if (r == 0)
		r = read_cidrs(redirect, "inboundSource", &spec->inbound_source, err);
	if (r == 0)
		r = read_dns(redirect, profile, err);
	if (r == 0)
		r = json_read_boolean(redirect, "dropInvalid", &spec->drop_invalid, err);
	if (r == 0)
		r = read_proxy(redirect, spec, err);
	if (r == 0)
		r = read_lists(redirect, spec, err);
	if (r == 0)
		r = redirect_spec_check(spec, err);
	if (r == 0)
		r = read_probes(redirect, profile, err);
	return r < 0 ? r : read_container(redirect, profile, err);
}
