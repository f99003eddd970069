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

/* The same of version 2. */
#define BODY_V2 BODY_MARKED("0")
#define BODY_MARKED(mark)                                                                       \
	"\"outboundPort\":15001,\"inboundPort\":15006,"                                         \
	"\"gatePort\":15999,\"proxyUids\":\"15099\",\"proxyGids\":\"\",\"proxyMark\":" mark "," \
	"\"selfCall\":\"passthrough\",\"inboundSource\":\"\","                                  \
	"\"includeInboundPorts\":\"1-65535\",\"excludeInboundPorts\":\"\","                     \
	"\"excludeInboundCidrs\":\"\",\"includeOutboundPorts\":\"1-65535\","                    \
	"\"excludeOutboundPorts\":\"\",\"includeOutboundCidrs\":\"0.0.0.0/0,::/0\","            \
	"\"excludeOutboundCidrs\":\"\",\"excludeUids\":\"\",\"excludeGids\":\"\""
#define NEW_V2                                                                     \
	",\"excludeInterfaces\":\"net1,net2\",\"rerouteInterfaces\":\"k6t-eth0\"," \
	"\"portMap\":\"6379:15003,12220:12220\",\"dnsPort\":15053,"                \
	"\"dnsServers\":\"10.96.0.10,fd00::a\",\"dropInvalid\":true,\"nonTcp\":\"reject\"}"
static const char FULL_V2[] = "{\"version\":2,\"mode\":\"tproxy\"," BODY_V2 NEW_V2;

static int decode(const char *text, struct redirect_spec *ret_spec, struct err *err)
{
	return redirect_spec_decode(text, strlen(text), ret_spec, err);
}

/* The document with `find` replaced. The caller frees it. */
static char *edited(const char *document, const char *find, const char *replacement)
{
	const char *at = strstr(document, find);
	struct strbuf out = STRBUF_INIT;
	struct err err = {0};
	char *text = NULL;

	CU_ASSERT_FATAL(at != NULL);
	strbuf_append(&out, document, (size_t)(at - document));
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

static void test_values_of_version_2(void)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	struct err err = {0};

	CU_ASSERT_FATAL(decode(FULL_V2, &spec, &err) == 0);
	CU_ASSERT(spec.mode == REDIRECT_MODE_TPROXY);
	CU_ASSERT(spec.exclude_interfaces.count == 2);
	ASSERT_TEXT("excluded", spec.exclude_interfaces.items[1].text, "net2");
	CU_ASSERT(spec.reroute_interfaces.count == 1);
	ASSERT_TEXT("rerouted", spec.reroute_interfaces.items[0].text, "k6t-eth0");
	CU_ASSERT(spec.port_map.count == 2 && spec.port_map.items[0].destination == 6379);
	CU_ASSERT(spec.port_map.items[0].proxy == 15003);
	CU_ASSERT(spec.dns_port == 15053);
	CU_ASSERT(spec.dns_servers.count == 2 && spec.dns_servers.items[1].is_v6);
	CU_ASSERT(spec.drop_invalid);
	CU_ASSERT(spec.non_tcp == NON_TCP_REJECT);
}

#define WITHOUT_NEW                                                                            \
	",\"excludeInterfaces\":\"\",\"rerouteInterfaces\":\"\",\"portMap\":\"\",\"dnsPort\":" \
	"0,\"dnsServers\":\"\",\"dropInvalid\":false,\"nonTcp\":\"allow\"}"

/* What version 1 can say is said so, whichever version it was read in. */
static void test_lowest_version(void)
{
	static const struct {
		const char *name, *document, *written;
	} rows[] = {
		{"nothing new", "{\"version\":2,\"mode\":\"redirect\"," BODY_V2 WITHOUT_NEW,
		 "{\"version\":1,\"mode\":\"redirect\"," BODY_V2 "}"},
		{"none", "{\"version\":2,\"mode\":\"none\"}", NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
		CLEANUP(freep) char *text = NULL;
		struct err err = {0};

		CU_ASSERT_FATAL(decode(rows[i].document, &spec, &err) == 0);
		CU_ASSERT_FATAL(redirect_spec_encode(&spec, &text, &err) == 0);
		ASSERT_TEXT(rows[i].name, text, rows[i].written);
	}
}

/* Each thing that version 1 cannot say makes it version 2, and nothing else does. */
static void test_version_2_is_needed(void)
{
	struct interface_name name = {"net1"};
	struct port_mapping mapping = {12220, 12220};
	struct cidr all = {0};
	const struct redirect_spec base = {.mode = REDIRECT_MODE_REDIRECT,
					   .outbound_port = 15001,
					   .inbound_port = 15006,
					   .proxy_mark = 1};
	struct redirect_spec specs[8];

	for (size_t i = 0; i < 8; i++)
		specs[i] = base;
	specs[0].exclude_interfaces = (struct interface_list){&name, 1};
	specs[1].reroute_interfaces = (struct interface_list){&name, 1};
	specs[2].port_map = (struct port_map){&mapping, 1};
	specs[3].dns_port = 15053;
	specs[3].dns_servers = (struct cidr_list){&all, 1};
	specs[4].drop_invalid = true;
	specs[5].non_tcp = NON_TCP_REJECT_QUIC;
	specs[6].mode = REDIRECT_MODE_TPROXY;
	specs[7].mode = REDIRECT_MODE_TPROXY_BOTH;
	for (size_t i = 0; i < 8; i++) {
		CLEANUP(freep) char *text = NULL;
		struct err err = {0};

		CU_ASSERT_FATAL(redirect_spec_encode(&specs[i], &text, &err) == 0);
		CU_ASSERT(strncmp(text, "{\"version\":2,", 13) == 0);
	}
}

/* What encode writes is what decode read. */
static void test_round_trip(void)
{
	static const char *const documents[] = {
		NONE,
		FULL,
		FULL_V2,
		"{\"version\":2,\"mode\":\"tproxy-both\"," BODY_MARKED("15099") WITHOUT_NEW,
		"{\"version\":2,\"mode\":\"tproxy\"," BODY_V2 WITHOUT_NEW,
		"{\"version\":2,\"mode\":\"redirect\"," BODY_V2 NEW_V2,
	};

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
	{"newer, with all it may hold", "{\"version\":3,\"mode\":\"beam\",\"x\":[]}",
	 "older than the webhook that wrote the document, and must be upgraded"},
	{"much newer", "{\"version\":9007199254740993}", "version 9007199254740993 is newer"},
	{"no mode", "{\"version\":1}", "'mode' is missing"},
	{"mode of another type", "{\"version\":1,\"mode\":1}", "'mode' must be a string"},
	{"unknown mode", "{\"version\":1,\"mode\":\"beam\"}",
	 "'beam' is no mode: expected redirect, tproxy, tproxy-both or none"},
	{"mode of version 2 in 1", "{\"version\":1,\"mode\":\"tproxy\"}",
	 "mode tproxy is not one of version 1: expected version 2"},
	{"the other one", "{\"version\":1,\"mode\":\"tproxy-both\"}",
	 "mode tproxy-both is not one of version 1: expected version 2"},
	{"field of version 2 in 1",
	 "{\"version\":1,\"mode\":\"redirect\"," BODY_V2 ",\"dnsPort\":0}",
	 "unknown key 'dnsPort'"},
	{"none of version 2 with a field", "{\"version\":2,\"mode\":\"none\",\"nonTcp\":\"allow\"}",
	 "unknown key 'nonTcp'"},
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
		CLEANUP(freep)
		char *text = edited(FULL, bad_values[i].find, bad_values[i].replacement);

		assert_refused(bad_values[i].name, text, bad_values[i].code, bad_values[i].message);
	}
}

static const struct {
	const char *name;
	const char *find;
	const char *replacement;
	const char *message;
} bad_values_v2[] = {
	{"interface that is none", "net1,net2", "net1,net/2", "'excludeInterfaces': 'net/2' is no"},
	{"loopback", "k6t-eth0", "lo", "'rerouteInterfaces': 'lo' can not be named"},
	{"interfaces as an array", "\"k6t-eth0\"", "[]", "must be a string, found array"},
	{"excluded and rerouted", "k6t-eth0", "net2",
	 "the interface net2 is in excludeInterfaces and in rerouteInterfaces"},
	{"half a mapping", "6379:15003", "6379", "'portMap': '6379' is no pair of ports"},
	{"two proxies of a port", "6379:15003", "12220:15003",
	 "'portMap': port 12220 goes to two proxy ports, 15003 and 12220"},
	{"a map to the gate", "6379:15003", "6379:15999",
	 "portMap sends port 6379 to 15999, which is a port of the gate"},
	{"a map to where the gate is asked from", "6379:15003", "6379:15998",
	 "portMap sends port 6379 to 15998"},
	{"DNS port of another type", "15053", "\"15053\"", "'dnsPort' must be an integer"},
	{"DNS port too large", "15053", "65536", "'dnsPort' must be in 0 to 65535"},
	{"DNS to the outbound port", "15053", "15001", "dnsPort 15001 is another port"},
	{"DNS to the inbound port", "15053", "15006", "dnsPort 15006 is another port"},
	{"DNS to the gate", "15053", "15999", "dnsPort 15999 is another port"},
	{"DNS to the gate's caller", "15053", "15998", "dnsPort must not be 15998"},
	{"servers without a port", "15053", "0", "dnsServers needs a dnsPort to send DNS to"},
	{"a port without servers", "10.96.0.10,fd00::a", "",
	 "dnsPort is 15053, but dnsServers names none: 0.0.0.0/0,::/0 is all"},
	{"a server that is a name", "10.96.0.10", "kube-dns", "'dnsServers': 'kube-dns'"},
	{"a text for a boolean", ":true", ":\"true\"", "'dropInvalid' must be true or false"},
	{"conntrack where there is none", "tproxy", "tproxy-both",
	 "dropInvalid needs conntrack, which mode tproxy-both does without"},
	{"no mark where there is no conntrack", "tproxy\"," BODY_V2 NEW_V2,
	 "tproxy-both\"," BODY_V2 WITHOUT_NEW,
	 "mode tproxy-both needs proxyMark (in a profile proxy.mark), the mark that the proxy "
	 "itself "
	 "sets on its sockets by SO_MARK: what a closed one has still to send has no owner to know "
	 "it "
	 "by, and would be lost"},
	{"unknown treatment", "\"reject\"", "\"drop\"",
	 "'nonTcp': 'drop' is not allow, reject-quic or reject"},
	{"the first mark of ours", "\"proxyMark\":0", "\"proxyMark\":1373503489",
	 "proxyMark 0x51de0001 is a mark of sidewire's own rules"},
	{"the last mark of ours", "\"proxyMark\":0", "\"proxyMark\":1373503503",
	 "proxyMark 0x51de000f is a mark of sidewire's own rules"},
};

static void test_bad_values_of_version_2(void)
{
	for (size_t i = 0; i < sizeof(bad_values_v2) / sizeof(*bad_values_v2); i++) {
		CLEANUP(freep)
		char *text = edited(FULL_V2, bad_values_v2[i].find, bad_values_v2[i].replacement);

		assert_refused(bad_values_v2[i].name, text, -EINVAL, bad_values_v2[i].message);
	}
}

/* Marks beside ours are anybody's. */
static void test_marks_of_others(void)
{
	static const char *const marks[] = {"\"proxyMark\":1373503488", "\"proxyMark\":1373503504"};

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
		CLEANUP(freep) char *text = edited(FULL_V2, "\"proxyMark\":0", marks[i]);
		struct err err = {0};

		CU_ASSERT(decode(text, &spec, &err) == 0);
	}
}

static void assert_all_needed(const char *document)
{
	json_auto_t *full = json_loads(document, 0, NULL);
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

/* Each field that a document has, it must have; and null is not a value. */
static void test_missing_fields(void)
{
	assert_all_needed(FULL);
	assert_all_needed(FULL_V2);
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
	alloc_fail_sweep("of version 2", recode, FULL_V2);
}

static CU_TestInfo tests[] = {{"every value arrives", test_values},
			      {"every value of version 2 arrives", test_values_of_version_2},
			      {"the lowest version is written", test_lowest_version},
			      {"what needs version 2", test_version_2_is_needed},
			      {"encode gives what was decoded", test_round_trip},
			      {"foreign documents", test_foreign_documents},
			      {"bad values", test_bad_values},
			      {"bad values of version 2", test_bad_values_of_version_2},
			      {"marks beside ours", test_marks_of_others},
			      {"missing fields", test_missing_fields},
			      {"the proxy has an identity", test_identity},
			      {"encode refuses what decode would", test_encode_refuses},
			      {"the size is bounded", test_size},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("common/redirect_spec", tests)
