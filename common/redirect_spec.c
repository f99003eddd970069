/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/redirect_spec.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"

#define KEY_VERSION "version"
#define KEY_MODE "mode"

enum field_type {
	FIELD_PORT,           /* uint16_t, 1 to 65535 */
	FIELD_PORT_OR_NONE,   /* the same, or 0 */
	FIELD_MARK,           /* uint32_t */
	FIELD_SELF_CALL,      /* enum self_call, by name */
	FIELD_RANGES_OF_PORT, /* struct range_list */
	FIELD_RANGES_OF_ID,   /* struct range_list */
	FIELD_CIDRS,          /* struct cidr_list */
	FIELD_INTERFACES,     /* struct interface_list */
	FIELD_PORT_MAP,       /* struct port_map */
	FIELD_BOOLEAN,        /* bool */
	FIELD_NON_TCP,        /* enum non_tcp, by name */
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset; /* of the member in struct redirect_spec */
};

#define FIELD(key, type, member)                                  \
	{                                                         \
		key, type, offsetof(struct redirect_spec, member) \
	}

/* What a document that redirects has after version and mode, in the order of its text. */
static const struct field FIELDS[] = {
	FIELD("outboundPort", FIELD_PORT, outbound_port),
	FIELD("inboundPort", FIELD_PORT, inbound_port),
	FIELD("gatePort", FIELD_PORT_OR_NONE, gate_port),
	FIELD("proxyUids", FIELD_RANGES_OF_ID, proxy_uids),
	FIELD("proxyGids", FIELD_RANGES_OF_ID, proxy_gids),
	FIELD("proxyMark", FIELD_MARK, proxy_mark),
	FIELD("selfCall", FIELD_SELF_CALL, self_call),
	FIELD("inboundSource", FIELD_CIDRS, inbound_source),
	FIELD("includeInboundPorts", FIELD_RANGES_OF_PORT, include_inbound_ports),
	FIELD("excludeInboundPorts", FIELD_RANGES_OF_PORT, exclude_inbound_ports),
	FIELD("excludeInboundCidrs", FIELD_CIDRS, exclude_inbound_cidrs),
	FIELD("includeOutboundPorts", FIELD_RANGES_OF_PORT, include_outbound_ports),
	FIELD("excludeOutboundPorts", FIELD_RANGES_OF_PORT, exclude_outbound_ports),
	FIELD("includeOutboundCidrs", FIELD_CIDRS, include_outbound_cidrs),
	FIELD("excludeOutboundCidrs", FIELD_CIDRS, exclude_outbound_cidrs),
	FIELD("excludeUids", FIELD_RANGES_OF_ID, exclude_uids),
	FIELD("excludeGids", FIELD_RANGES_OF_ID, exclude_gids),
	/* Version 2. */
	FIELD("excludeInterfaces", FIELD_INTERFACES, exclude_interfaces),
	FIELD("rerouteInterfaces", FIELD_INTERFACES, reroute_interfaces),
	FIELD("portMap", FIELD_PORT_MAP, port_map),
	FIELD("dnsPort", FIELD_PORT_OR_NONE, dns_port),
	FIELD("dnsServers", FIELD_CIDRS, dns_servers),
	FIELD("dropInvalid", FIELD_BOOLEAN, drop_invalid),
	FIELD("nonTcp", FIELD_NON_TCP, non_tcp),
};

enum {
	FIELD_COUNT = sizeof(FIELDS) / sizeof(*FIELDS),
	FIELD_COUNT_V1 = 17,
};

static const char *const MODE_NAMES[] = {
	[REDIRECT_MODE_NONE] = "none",
	[REDIRECT_MODE_REDIRECT] = "redirect",
	[REDIRECT_MODE_TPROXY] = "tproxy",
	[REDIRECT_MODE_TPROXY_BOTH] = "tproxy-both",
};

static const char *const NON_TCP_NAMES[] = {
	[NON_TCP_ALLOW] = "allow",
	[NON_TCP_REJECT_QUIC] = "reject-quic",
	[NON_TCP_REJECT] = "reject",
};

static const char *const SELF_CALL_NAMES[] = {
	[SELF_CALL_PASSTHROUGH] = "passthrough",
	[SELF_CALL_INBOUND] = "inbound",
};

enum { NOT_FOUND = -1 };

/* The index of the name, or NOT_FOUND. */
static int find_name(const char *const *names, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	}
	return NOT_FOUND;
}

#define FIND_NAME(names, text) find_name(names, sizeof(names) / sizeof(*(names)), text)

int redirect_mode_parse(const char *text, enum redirect_mode *ret_mode, struct err *err)
{
	int found = FIND_NAME(MODE_NAMES, text);

	if (found == NOT_FOUND)
		return err_set(err, EINVAL,
			       "'%.64s' is no mode: expected redirect, tproxy, tproxy-both or none",
			       text);
	*ret_mode = (enum redirect_mode)found;
	return 0;
}

int self_call_parse(const char *text, enum self_call *ret_self_call, struct err *err)
{
	int found = FIND_NAME(SELF_CALL_NAMES, text);

	if (found == NOT_FOUND)
		return err_set(err, EINVAL, "'%.64s' is not passthrough or inbound", text);
	*ret_self_call = (enum self_call)found;
	return 0;
}

int non_tcp_parse(const char *text, enum non_tcp *ret_non_tcp, struct err *err)
{
	int found = FIND_NAME(NON_TCP_NAMES, text);

	if (found == NOT_FOUND)
		return err_set(err, EINVAL, "'%.64s' is not allow, reject-quic or reject", text);
	*ret_non_tcp = (enum non_tcp)found;
	return 0;
}

static const struct range_kind *kind_of(const struct field *field)
{
	return field->type == FIELD_RANGES_OF_PORT ? &RANGE_KIND_PORT : &RANGE_KIND_ID;
}

/* A list as a text, which needs none of JSON's escapes: numbers, addresses, names of interfaces but
 * for what interface_list_parse() has refused. */
static void list_encode(enum field_type type, const void *member, struct strbuf *out)
{
	strbuf_puts(out, "\"");
	if (type == FIELD_CIDRS)
		cidr_list_format(member, out);
	else if (type == FIELD_INTERFACES)
		interface_list_format(member, out);
	else if (type == FIELD_PORT_MAP)
		port_map_format(member, out);
	else
		range_list_format(member, out);
	strbuf_puts(out, "\"");
}

static void field_encode(const struct field *field, const struct redirect_spec *spec,
			 struct strbuf *out)
{
	const void *member = (const char *)spec + field->offset;

	strbuf_printf(out, ",\"%s\":", field->key);
	switch (field->type) {
	case FIELD_PORT:
	case FIELD_PORT_OR_NONE:
		strbuf_printf(out, "%u", *(const uint16_t *)member);
		return;
	case FIELD_MARK:
		strbuf_printf(out, "%u", *(const uint32_t *)member);
		return;
	case FIELD_BOOLEAN:
		strbuf_puts(out, *(const bool *)member ? "true" : "false");
		return;
	case FIELD_SELF_CALL:
		strbuf_printf(out, "\"%s\"", SELF_CALL_NAMES[*(const enum self_call *)member]);
		return;
	case FIELD_NON_TCP:
		strbuf_printf(out, "\"%s\"", NON_TCP_NAMES[*(const enum non_tcp *)member]);
		return;
	case FIELD_RANGES_OF_PORT:
	case FIELD_RANGES_OF_ID:
	case FIELD_CIDRS:
	case FIELD_INTERFACES:
	case FIELD_PORT_MAP:
		list_encode(field->type, member, out);
		return;
	}
}

/* The lowest version that can say it. */
static int version_of(const struct redirect_spec *spec)
{
	bool has_new_fields = spec->exclude_interfaces.count > 0 ||
			      spec->reroute_interfaces.count > 0 || spec->port_map.count > 0 ||
			      spec->dns_port != 0 || spec->drop_invalid ||
			      spec->non_tcp != NON_TCP_ALLOW;

	if (spec->mode == REDIRECT_MODE_NONE)
		return 1;
	return spec->mode != REDIRECT_MODE_REDIRECT || has_new_fields ? 2 : 1;
}

/* How many of FIELDS a document has. */
static size_t field_count(enum redirect_mode mode, int version)
{
	if (mode == REDIRECT_MODE_NONE)
		return 0;
	return version == 1 ? FIELD_COUNT_V1 : FIELD_COUNT;
}

int redirect_spec_encode(const struct redirect_spec *spec, char **ret_text, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	int r = redirect_spec_check(spec, err);

	if (r < 0)
		return r;
	int version = version_of(spec);
	strbuf_printf(&out, "{\"" KEY_VERSION "\":%d,\"" KEY_MODE "\":\"%s\"", version,
		      MODE_NAMES[spec->mode]);
	for (size_t i = 0; i < field_count(spec->mode, version); i++)
		field_encode(&FIELDS[i], spec, &out);
	strbuf_puts(&out, "}");
	if (out.length > REDIRECT_SPEC_SIZE_MAX)
		return err_set(err, E2BIG, "the redirect document has %zu bytes, at most %d fit",
			       out.length, REDIRECT_SPEC_SIZE_MAX);
	return strbuf_finish(&out, ret_text, err);
}

/* The version comes first: what a newer one means by its fields is not ours to judge. */
static int decode_version(const json_t *document, int *ret_version, struct err *err)
{
	json_int_t version = 0;
	int r = json_read_integer(document, KEY_VERSION, 1, INT64_MAX, &version, err);

	if (r < 0)
		return r;
	if (version == 0)
		return err_set(err, EINVAL, "'" KEY_VERSION "' is missing");
	if (version > REDIRECT_SPEC_VERSION)
		return err_set(err, EINVAL,
			       "version %lld is newer than the version %d that this sidewire-cni "
			       "reads: the node's sidewire-cni is older than the webhook that "
			       "wrote the document, and must be upgraded",
			       version, REDIRECT_SPEC_VERSION);
	*ret_version = (int)version;
	return 0;
}

/* The member's text, or -EINVAL when it is missing. */
static int required_text(const json_t *document, const char *key, const char **ret_text,
			 struct err *err)
{
	const char *text = NULL;
	int r = json_read_string(document, key, &text, err);

	if (r < 0)
		return r;
	if (text == NULL)
		return err_set(err, EINVAL, "'%s' is missing", key);
	*ret_text = text;
	return 0;
}

/* The member's number, or -EINVAL when it is missing. */
static int required_number(const json_t *document, const char *key, uint32_t min, uint32_t max,
			   uint32_t *ret_number, struct err *err)
{
	json_int_t number = -1;
	int r = json_read_integer(document, key, min, max, &number, err);

	if (r < 0)
		return r;
	if (number < 0)
		return err_set(err, EINVAL, "'%s' is missing", key);
	*ret_number = (uint32_t)number;
	return 0;
}

static int required_boolean(const json_t *document, const char *key, bool *value, struct err *err)
{
	const json_t *member = json_object_get(document, key);

	if (member == NULL || json_is_null(member))
		return err_set(err, EINVAL, "'%s' is missing", key);
	return json_read_boolean(document, key, value, err);
}

static int decode_port(const json_t *document, const struct field *field, uint16_t *ret_port,
		       struct err *err)
{
	uint32_t port = 0;
	int r = required_number(document, field->key, field->type == FIELD_PORT ? 1 : 0, UINT16_MAX,
				&port, err);

	if (r < 0)
		return r;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Decodes a field whose value is a text. */
static int decode_text(const json_t *document, const struct field *field, void *member,
		       struct err *err)
{
	const char *text = NULL;
	int r = required_text(document, field->key, &text, err);

	if (r < 0)
		return r;
	if (field->type == FIELD_SELF_CALL)
		r = self_call_parse(text, member, err);
	else if (field->type == FIELD_NON_TCP)
		r = non_tcp_parse(text, member, err);
	else if (field->type == FIELD_CIDRS)
		r = cidr_list_parse(text, member, err);
	else if (field->type == FIELD_INTERFACES)
		r = interface_list_parse(text, member, err);
	else if (field->type == FIELD_PORT_MAP)
		r = port_map_parse(text, member, err);
	else
		r = range_list_parse(text, kind_of(field), member, err);
	return r < 0 ? err_wrap(err, "'%s'", field->key) : 0;
}

static int field_decode(const json_t *document, const struct field *field,
			struct redirect_spec *spec, struct err *err)
{
	void *member = (char *)spec + field->offset;

	switch (field->type) {
	case FIELD_PORT:
	case FIELD_PORT_OR_NONE:
		return decode_port(document, field, member, err);
	case FIELD_MARK:
		return required_number(document, field->key, 0, UINT32_MAX, member, err);
	case FIELD_BOOLEAN:
		return required_boolean(document, field->key, member, err);
	case FIELD_SELF_CALL:
	case FIELD_NON_TCP:
	case FIELD_RANGES_OF_PORT:
	case FIELD_RANGES_OF_ID:
	case FIELD_CIDRS:
	case FIELD_INTERFACES:
	case FIELD_PORT_MAP:
		break;
	}
	return decode_text(document, field, member, err);
}

/* Refuses what is none of the first `count` fields. */
static int refuse_unknown_keys(json_t *document, size_t count, struct err *err)
{
	const char *keys[FIELD_COUNT + 3] = {KEY_VERSION, KEY_MODE, NULL};

	for (size_t i = 0; i < count; i++)
		keys[i + 2] = FIELDS[i].key;
	return json_read_only_keys(document, keys, err);
}

static int decode_mode(const json_t *document, int version, enum redirect_mode *ret_mode,
		       struct err *err)
{
	const char *text = NULL;
	int r = required_text(document, KEY_MODE, &text, err);

	if (r == 0)
		r = redirect_mode_parse(text, ret_mode, err);
	if (r == 0 && version == 1 && *ret_mode > REDIRECT_MODE_REDIRECT)
		return err_set(err, EINVAL, "mode %s is not one of version 1: expected version 2",
			       text);
	return r;
}

static int decode_document(json_t *document, struct redirect_spec *spec, struct err *err)
{
	int version = 0;
	int r = decode_version(document, &version, err);

	if (r == 0)
		r = decode_mode(document, version, &spec->mode, err);
	if (r < 0)
		return r;
	size_t count = field_count(spec->mode, version);
	r = refuse_unknown_keys(document, count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = field_decode(document, &FIELDS[i], spec, err);
	return r < 0 ? r : redirect_spec_check(spec, err);
}

int redirect_spec_decode(const char *text, size_t length, struct redirect_spec *ret_spec,
			 struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	json_auto_t *document = NULL;

	if (length > REDIRECT_SPEC_SIZE_MAX)
		return err_set(err, E2BIG, "the redirect document has %zu bytes, at most %d fit",
			       length, REDIRECT_SPEC_SIZE_MAX);
	int r = json_read_text(text, length, &document, err);
	if (r < 0)
		return r;
	r = decode_document(document, &spec, err);
	if (r < 0)
		return r;
	*ret_spec = spec;
	spec = (struct redirect_spec){0};
	return 0;
}

void redirect_spec_release(struct redirect_spec *spec)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		void *member = (char *)spec + FIELDS[i].offset;

		if (FIELDS[i].type == FIELD_CIDRS)
			cidr_list_release(member);
		else if (FIELDS[i].type == FIELD_INTERFACES)
			interface_list_release(member);
		else if (FIELDS[i].type == FIELD_PORT_MAP)
			port_map_release(member);
		else if (FIELDS[i].type == FIELD_RANGES_OF_PORT ||
			 FIELDS[i].type == FIELD_RANGES_OF_ID)
			range_list_release(member);
	}
	*spec = (struct redirect_spec){0};
}
