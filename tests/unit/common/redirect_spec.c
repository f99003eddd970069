/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/redirect_spec.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static const char NONE[] = "{\"version\":1,\"mode\":\"none\"}";

/* Every field has a value that differs from zero and from the others. */
static const char FULL[] =
	"{\"version\":1,\"mode\":\"redirect\",\"outboundPort\":15001,\"inboundPort\":15006,"
	"\"gatePort\":15999,\"proxyUids\":\"15099,20000-20010\",\"proxyGids\":\"1337\","
	"\"proxyMark\":4294967295,\"selfCall\":\"inbound\",\"inboundSource\":\"127.0.0.6,::6\","
	"\"includeInboundPorts\":\"1-65535\",\"excludeInboundPorts\":\"15021,15090\","
	"\"excludeInboundCidrs\":\"10.1.0.0/16,fd00:1::/32\",\"includeOutboundPorts\":\"80,443\","
	"\"excludeOutboundPorts\":\"25\",\"includeOutboundCidrs\":\"0.0.0.0/0,::/0\","
	"\"excludeOutboundCidrs\":\"169.254.169.254\",\"excludeUids\":\"0\",\"excludeGids\":\"7-"
	"8\"}";

static int decode(const char *text, struct redirect_spec *ret_spec, struct err *err)
{
	return redirect_spec_decode(text, strlen(text), ret_spec, err);
}

/* FULL with `find` replaced. The caller frees it. */
static char *edited(const char *find, const char *replacement)
{
	const char *at = strstr(FULL, find);
	struct strbuf out = STRBUF_INIT;
	struct err err = {0};
	char *text = NULL;

	CU_ASSERT_FATAL(at != NULL);
	strbuf_append(&out, FULL, (size_t)(at - FULL));
	strbuf_puts(&out, replacement);
	strbuf_puts(&out, at + strlen(find));
	CU_ASSERT_FATAL(strbuf_finish(&out, &text, &err) == 0);
	return text;
}

static void test_values(void)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	struct err err = {0};

	CU_ASSERT_FATAL(decode(FULL, &spec, &err) == 0);
	CU_ASSERT(spec.mode == REDIRECT_MODE_REDIRECT);
	CU_ASSERT(spec.outbound_port == 15001);
	CU_ASSERT(spec.inbound_port == 15006);
	CU_ASSERT(spec.gate_port == 15999);
	CU_ASSERT(spec.proxy_uids.count == 2 && spec.proxy_uids.items[1].last == 20010);
	CU_ASSERT(spec.proxy_gids.count == 1 && spec.proxy_gids.items[0].first == 1337);
	CU_ASSERT(spec.proxy_mark == UINT32_MAX);
	CU_ASSERT(spec.self_call == SELF_CALL_INBOUND);
	CU_ASSERT(spec.inbound_source.count == 2 && spec.inbound_source.items[1].is_v6);
	CU_ASSERT(spec.include_inbound_ports.items[0].last == 65535);
	CU_ASSERT(spec.exclude_inbound_ports.items[0].first == 15021);
	CU_ASSERT(spec.exclude_inbound_cidrs.items[0].prefix_length == 16);
	CU_ASSERT(spec.include_outbound_ports.items[1].first == 443);
	CU_ASSERT(spec.exclude_outbound_ports.items[0].first == 25);
	CU_ASSERT(cidr_is_all(&spec.include_outbound_cidrs.items[1]));
	CU_ASSERT(spec.exclude_outbound_cidrs.items[0].prefix_length == 32);
	CU_ASSERT(spec.exclude_uids.count == 1 && spec.exclude_uids.items[0].first == 0);
	CU_ASSERT(spec.exclude_gids.items[0].first == 7 && spec.exclude_gids.items[0].last == 8);
}

/* What encode writes is what decode read. */
static void test_round_trip(void)
{
	static const char *const documents[] = {NONE, FULL};

	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
		CLEANUP(freep) char *text = NULL;
		struct err err = {0};

		CU_ASSERT_FATAL(decode(documents[i], &spec, &err) == 0);
		CU_ASSERT_FATAL(redirect_spec_encode(&spec, &text, &err) == 0);
		ASSERT_TEXT("document", text, documents[i]);
	}
}

static void assert_refused(const char *row, const char *document, int code, const char *message)
{
	struct redirect_spec spec = {.outbound_port = 7};
	struct err err = {0};
	int r = decode(document, &spec, &err);

	if (r != code || strstr(err.msg, message) == NULL)
		printf("\n    %s: code %d, '%s'\n", row, r, err.msg);
	CU_ASSERT(r == code && err.code == code);
	CU_ASSERT(strstr(err.msg, message) != NULL);
	CU_ASSERT(spec.outbound_port == 7);
}

static const struct {
	const char *name;
	const char *document;
	const char *message;
} foreign_documents[] = {
	{"empty", "", "not valid JSON"},
	{"no object", "[1]", "a JSON object was expected"},
	{"text behind it", "{\"version\":1,\"mode\":\"none\"}x", "not valid JSON"},
	{"a key twice", "{\"version\":1,\"version\":1,\"mode\":\"none\"}", "duplicate"},
	{"no version", "{\"mode\":\"none\"}", "'version' is missing"},
	{"version of another type", "{\"version\":\"1\",\"mode\":\"none\"}", "must be an integer"},
	{"version 0", "{\"version\":0,\"mode\":\"none\"}", "'version' must be in 1"},
	{"newer, with all it may hold", "{\"version\":2,\"mode\":\"beam\",\"x\":[]}",
	 "older than the webhook that wrote the document, and must be upgraded"},
	{"much newer", "{\"version\":9007199254740993}", "version 9007199254740993 is newer"},
	{"no mode", "{\"version\":1}", "'mode' is missing"},
	{"mode of another type", "{\"version\":1,\"mode\":1}", "'mode' must be a string"},
	{"unknown mode", "{\"version\":1,\"mode\":\"tproxy\"}",
	 "'tproxy' is no mode: expected redirect or none"},
	{"unknown key", "{\"version\":1,\"mode\":\"none\",\"x\":1}",
	 "unknown key 'x', expected one of version, mode"},
	{"none with a field of redirect", "{\"version\":1,\"mode\":\"none\",\"gatePort\":15999}",
	 "unknown key 'gatePort'"},
};

static void test_foreign_documents(void)
{
	for (size_t i = 0; i < sizeof(foreign_documents) / sizeof(*foreign_documents); i++)
		assert_refused(foreign_documents[i].name, foreign_documents[i].document, -EINVAL,
			       foreign_documents[i].message);
}

static const struct {
	const char *name;
	const char *find;
	const char *replacement;
	int code;
	const char *message;
} bad_values[] = {
	{"unknown key", "\"selfCall\"", "\"self_call\"", -EINVAL, "unknown key 'self_call'"},
	{"port as text", "15001", "\"15001\"", -EINVAL, "'outboundPort' must be an integer"},
	{"port with a fraction", "15001", "15001.0", -EINVAL, "'outboundPort' must be an integer"},
	{"port 0", "15001", "0", -EINVAL, "'outboundPort' must be in 1 to 65535, found 0"},
	{"inbound port 0", "15006", "0", -EINVAL, "'inboundPort' must be in 1 to 65535"},
	{"port too large", "15006", "65536", -EINVAL, "'inboundPort' must be in 1 to 65535"},
	{"gate port below 0", "15999", "-1", -EINVAL, "'gatePort' must be in 0 to 65535"},
	{"mark too large", "4294967295", "4294967296", -EINVAL, "'proxyMark' must be in 0 to"},
	{"mark below 0", "4294967295", "-1", -EINVAL, "'proxyMark' must be in 0 to"},
	{"unknown self-call", "\"inbound\"", "\"outbound\"", -EINVAL,
	 "'selfCall': 'outbound' is not passthrough or inbound"},
	{"list as a number", "\"1337\"", "1337", -EINVAL, "'proxyGids' must be a string"},
	{"list as an array", "\"80,443\"", "[80,443]", -EINVAL, "must be a string, found array"},
	{"list with a NUL", "\"80,443\"", "\"80\\u0000\"", -EINVAL, "NUL character"},
	{"a star for ports", "\"80,443\"", "\"*\"", -EINVAL, "'includeOutboundPorts': port: '*'"},
	{"port of a list too large", "\"80,443\"", "\"80,65536\"", -ERANGE, "'65536' is not in"},
	{"id that means none", "\"7-8\"", "\"4294967295\"", -ERANGE, "'excludeGids': id"},
	{"prefix with host bits", "10.1.0.0/16", "10.1.2.0/16", -EINVAL,
	 "'excludeInboundCidrs': '10.1.2.0/16' has bits set behind its prefix"},
	{"same ports", "15001", "15006", -EINVAL, "outboundPort and inboundPort are both 15006"},
	{"gate on the inbound port", "15999", "15006", -EINVAL, "gatePort 15006 is one of"},
	{"gate on the outbound port", "15999", "15001", -EINVAL, "gatePort 15001 is one of"},
	{"source that is a prefix", "127.0.0.6", "127.0.0.0/8", -EINVAL, "not prefixes"},
	{"v6 source that is a prefix", "::6", "fd00::/32", -EINVAL, "not prefixes"},
	{"two sources of a family", "::6", "127.0.0.7", -EINVAL, "two addresses of one family"},
	{"outbound port of the gate's caller", "15001", "15998", -EINVAL,
	 "outboundPort must not be 15998"},
	{"inbound port of the gate's caller", "15006", "15998", -EINVAL,
	 "inboundPort must not be 15998"},
	{"gate that would call itself", "15999", "15998", -EINVAL, "gatePort must not be 15998"},
	{"everybody's loopback", "127.0.0.6", "127.0.0.1", -EINVAL, "the proxy's alone"},
	{"a source that is not on lo", "127.0.0.6", "10.0.0.6", -EINVAL, "the proxy's alone"},
	{"everybody's v6 loopback", "::6", "::1", -EINVAL, "the proxy's alone"},
	{"unspecified source", "::6", "::", -EINVAL, "the proxy's alone"},
	{"link-local source", "::6", "fe80::6", -EINVAL, "the proxy's alone"},
	{"multicast source", "::6", "ff02::6", -EINVAL, "the proxy's alone"},
};

static void test_bad_values(void)
{
	for (size_t i = 0; i < sizeof(bad_values) / sizeof(*bad_values); i++) {
		CLEANUP(freep) char *text = edited(bad_values[i].find, bad_values[i].replacement);

		assert_refused(bad_values[i].name, text, bad_values[i].code, bad_values[i].message);
	}
}

/* Each field that a document has, it must have; and null is not a value. */
static void test_missing_fields(void)
{
	json_auto_t *full = json_loads(FULL, 0, NULL);
	const char *key;
	json_t *value;

	CU_ASSERT_FATAL(full != NULL);
	json_object_foreach(full, key, value) {
		json_auto_t *without = json_copy(full);
		json_auto_t *with_null = json_copy(full);
		CLEANUP(strbuf_release) struct strbuf message = STRBUF_INIT;

		json_object_del(without, key);
		json_object_set_new(with_null, key, json_null()); /* steals the null */
		CLEANUP(freep) char *absent = json_dumps(without, JSON_COMPACT);
		CLEANUP(freep) char *null = json_dumps(with_null, JSON_COMPACT);
		strbuf_printf(&message, "'%s' is missing", key);
		assert_refused(key, absent, -EINVAL, message.data);
		assert_refused(key, null, -EINVAL, message.data);
	}
}

/* A proxy may be known by any one of the three. */
static void test_identity(void)
{
	struct range uid = {15099, 15099};
	const struct redirect_spec base = {
		.mode = REDIRECT_MODE_REDIRECT, .outbound_port = 15001, .inbound_port = 15006};
	struct redirect_spec by_uid = base, by_gid = base, by_mark = base;
	struct err err = {0};

	CU_ASSERT(redirect_spec_check(&base, &err) == -EINVAL);
	ASSERT_TEXT("nobody", err.msg,
		    "one of proxyUids, proxyGids and proxyMark must say who the proxy is: its own "
		    "traffic would be sent back to it");
	by_uid.proxy_uids = (struct range_list){&uid, 1};
	by_gid.proxy_gids = (struct range_list){&uid, 1};
	by_mark.proxy_mark = 1;
	CU_ASSERT(redirect_spec_check(&by_uid, &err) == 0);
	CU_ASSERT(redirect_spec_check(&by_gid, &err) == 0);
	CU_ASSERT(redirect_spec_check(&by_mark, &err) == 0);
}

/* A spec that was put together in memory is held to what decode would refuse. */
static void test_encode_refuses(void)
{
	struct range ranges[RANGE_LIST_MAX + 1];
	struct redirect_spec spec = {.mode = REDIRECT_MODE_REDIRECT,
				     .outbound_port = 15001,
				     .inbound_port = 15006,
				     .proxy_mark = 1};
	struct err err = {0};
	char *text = NULL;

	for (uint32_t i = 0; i <= RANGE_LIST_MAX; i++)
		ranges[i] = (struct range){65530 + 10 * i, 65530 + 10 * i};
	spec.exclude_uids = (struct range_list){ranges, RANGE_LIST_MAX + 1};
	CU_ASSERT(redirect_spec_encode(&spec, &text, &err) == -E2BIG);
	ASSERT_TEXT("too many", err.msg, "excludeUids has more than 1024 ranges");
	spec.exclude_uids.count = 0;
	spec.exclude_inbound_ports = (struct range_list){ranges, 2};
	CU_ASSERT(redirect_spec_encode(&spec, &text, &err) == -EINVAL);
	ASSERT_TEXT("port", err.msg, "excludeInboundPorts has a port that is not in 1 to 65535");
	spec.exclude_inbound_ports.count = 0;
	spec.inbound_port = 0;
	CU_ASSERT(redirect_spec_encode(&spec, &text, &err) == -EINVAL);
	ASSERT_TEXT("no port", err.msg, "outboundPort and inboundPort must not be 0");
	CU_ASSERT(text == NULL);
}

/* Both ways are bounded by the same size. */
static void test_size(void)
{
	static struct cidr prefixes[CIDR_LIST_MAX];
	struct redirect_spec spec = {.mode = REDIRECT_MODE_REDIRECT,
				     .outbound_port = 15001,
				     .inbound_port = 15006,
				     .proxy_mark = 1,
				     .exclude_outbound_cidrs = {prefixes, CIDR_LIST_MAX}};
	CLEANUP(freep) char *long_text = malloc(REDIRECT_SPEC_SIZE_MAX + 1);
	char *text = NULL;
	struct err err = {0};

	for (size_t i = 0; i < CIDR_LIST_MAX; i++) {
		prefixes[i] = (struct cidr){.is_v6 = true, .prefix_length = CIDR_V6_BITS};
		memset(prefixes[i].addr_be, 0xfd, sizeof(prefixes[i].addr_be));
	}
	CU_ASSERT(redirect_spec_encode(&spec, &text, &err) == -E2BIG);
	CU_ASSERT(text == NULL);
	CU_ASSERT_FATAL(long_text != NULL);
	memset(long_text, ' ', REDIRECT_SPEC_SIZE_MAX + 1);
	memcpy(long_text, NONE, strlen(NONE));
	CU_ASSERT(redirect_spec_decode(long_text, REDIRECT_SPEC_SIZE_MAX + 1, &spec, &err) ==
		  -E2BIG);
	CU_ASSERT(redirect_spec_decode(long_text, REDIRECT_SPEC_SIZE_MAX, &spec, &err) == 0);
}

static int recode(const void *input, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(freep) char *text = NULL;
	int r = decode(input, &spec, err);

	if (r < 0)
		return r;
	r = redirect_spec_encode(&spec, &text, err);
	if (r == 0)
		ASSERT_TEXT("recoded", text, (const char *)input);
	return r;
}

static void test_allocations(void)
{
	alloc_fail_sweep("decode and encode", recode, FULL);
}

static CU_TestInfo tests[] = {{"every value arrives", test_values},
			      {"encode gives what was decoded", test_round_trip},
			      {"foreign documents", test_foreign_documents},
			      {"bad values", test_bad_values},
			      {"missing fields", test_missing_fields},
			      {"the proxy has an identity", test_identity},
			      {"encode refuses what decode would", test_encode_refuses},
			      {"the size is bounded", test_size},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("common/redirect_spec", tests)
