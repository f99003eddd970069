/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoding and reading entries (ipt_entry, ipt_view). The bytes are little endian machines'. */
#include "cni/core/ipt_entry.h"

#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/ipt_view.h"
#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static void put_hex(struct strbuf *out, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		strbuf_printf(out, "%02x", ((const uint8_t *)bytes)[i]);
}

/* "tcp/0 <data> REDIRECT/0! <data>": every extension, the target with a "!". */
static void put_extensions(struct strbuf *out, const void *entry, enum plan_family family)
{
	struct ipt_extension extension;
	size_t offset = 0;

	while (ipt_entry_next_extension(entry, family, &offset, &extension)) {
		strbuf_printf(out, "%s%s/%u%s ", out->length > 0 ? " " : "", extension.name,
			      extension.revision, extension.is_target ? "!" : "");
		put_hex(out, extension.data, extension.data_size);
		CU_ASSERT(offset % 8 == 0);
	}
}

/* linux/netfilter/xt_tcpudp.h and the others; what is zero at the end is padding. */
#define TCP_15999 "tcp/0 0000ffff7f3e7f3e0000000000000000"
#define MULTIPORT_80_81_90                                         \
	"multiport/1 01035000" /* destination, three slots */      \
	"51005a00000000000000000000000000000000000000000000000000" \
	"00010000000000000000000000000000" /* the second slot begins a range */
#define REDIRECT_V4_15006 "REDIRECT/0! 010000000200000000000000000000003a9e3a9e00000000"
#define REDIRECT_V6_15006                                                          \
	"REDIRECT/0! 020000000000000000000000000000000000000000000000000000000000" \
	"0000000000003a9e3a9e"
#define RETURN "RETURN/0! 0000000000000000"
#define Z16 "00000000000000000000000000000000"
/* From the addresses to the ports, then match_flags, invert_flags, state_mask, status_mask. */
#define CONNTRACK(flags)                                                \
	"conntrack/3 " Z16 Z16 Z16 Z16 Z16 Z16 Z16 Z16 Z16 "0000" flags \
	"0000000000000000000000000000 "

static const struct {
	const char *name;
	struct plan_rule rule;
	const char *v4; /* the extensions */
	const char *v6; /* NULL: the same */
} encodings[] = {
	{"everything passes", {.verdict = PLAN_PASS}, RETURN, NULL},
	{"one port",
	 {.protocol = PLAN_TCP,
	  .port_count = 1,
	  .ports = {{15999, 15999}},
	  .verdict = PLAN_REDIRECT,
	  .port = 15006},
	 TCP_15999 " " REDIRECT_V4_15006,
	 TCP_15999 " " REDIRECT_V6_15006},
	{"a range of ports",
	 {.protocol = PLAN_TCP, .port_count = 1, .ports = {{1, 65535}}},
	 "tcp/0 0000ffff0100ffff0000000000000000 " RETURN,
	 NULL},
	{"a source port and several ports",
	 {.protocol = PLAN_TCP,
	  .source_port = 15998,
	  .port_count = 2,
	  .ports = {{80, 80}, {81, 90}}},
	 "tcp/0 7e3e7e3e0000ffff0000000000000000 " MULTIPORT_80_81_90 " " RETURN,
	 NULL},
	{"a user",
	 {.has_uid = true, .uids = {1000, 1001}},
	 "owner/1 e8030000e903000000000000000000000100000000000000 " RETURN,
	 NULL},
	{"a group",
	 {.has_gid = true, .gids = {7, 7}},
	 "owner/1 000000000000000007000000070000000200000000000000 " RETURN,
	 NULL},
	{"a mark",
	 {.has_mark = true, .mark = 0x1267},
	 "mark/1 67120000ffffffff0000000000000000 " RETURN,
	 NULL},
	{"a SYN",
	 {.protocol = PLAN_TCP, .segment = PLAN_SYN},
	 "tcp/0 0000ffff0000ffff0017020000000000 " RETURN,
	 NULL},
	{"no SYN, a port",
	 {.protocol = PLAN_TCP, .segment = PLAN_NOT_SYN, .port_count = 1, .ports = {{53, 53}}},
	 "tcp/0 0000ffff350035000017020400000000 " RETURN,
	 NULL},
	{"TCP of any port", {.protocol = PLAN_TCP}, RETURN, NULL},
	{"UDP, a port",
	 {.protocol = PLAN_UDP, .port_count = 1, .ports = {{53, 53}}},
	 "udp/0 0000ffff350035000000000000000000 " RETURN,
	 NULL},
	{"UDP, a source port and several ports",
	 {.protocol = PLAN_UDP, .source_port = 53, .port_count = 2, .ports = {{80, 80}, {81, 90}}},
	 "udp/0 350035000000ffff0000000000000000 " MULTIPORT_80_81_90 " " RETURN,
	 NULL},
	{"UDP of any port", {.protocol = PLAN_UDP}, RETURN, NULL},
	{"a type of ICMP",
	 {.protocol = PLAN_ICMP, .icmp_count = 1, .icmp_types = {134}},
	 "icmp/0 8600ff0000000000 " RETURN,
	 "icmp6/0 8600ff0000000000 " RETURN},
	{"ICMP of any type", {.protocol = PLAN_ICMP}, RETURN, NULL},
	{"invalid", {.state = PLAN_INVALID}, CONNTRACK("0100000001000000") RETURN, NULL},
	{"a reply", {.state = PLAN_REPLY}, CONNTRACK("0010001000000000") RETURN, NULL},
	{"of NAT", {.state = PLAN_TRANSLATED}, CONNTRACK("01000000c0000000") RETURN, NULL},
	{"a socket", {.has_socket = true}, "socket/3 0000000000000000 " RETURN, NULL},
	{"a foreign source",
	 {.is_source_foreign = true},
	 "addrtype/1 0400000001000000 " RETURN,
	 NULL},
	{"two foreign addresses",
	 {.is_source_foreign = true, .is_destination_foreign = true},
	 "addrtype/1 0400040003000000 " RETURN,
	 NULL},
	{"to a transparent socket",
	 {.verdict = PLAN_TPROXY, .port = 15006},
	 "TPROXY/1! " Z16 "00000000000000003a9e000000000000",
	 NULL},
	{"marking", {.verdict = PLAN_MARK, .set_mark = 0x1267}, "MARK/2! 67120000ffffffff", NULL},
	{"a zone",
	 {.verdict = PLAN_ZONE, .zone = 2},
	 "CT/2! 0000020000000000" Z16 Z16 Z16 Z16,
	 NULL},
	{"rejecting",
	 {.verdict = PLAN_REJECT},
	 "REJECT/0! 0300000000000000",
	 "REJECT/0! 0400000000000000"},
	{"dropping", {.verdict = PLAN_DROP}, "DROP/0! 0000000000000000", NULL},
	{"a goto",
	 {.verdict = PLAN_GOTO, .target_chain = PLAN_CHAIN_PROXY},
	 "SIDEWIRE_PROXY/0! 0000000000000000",
	 NULL},
};

enum { ENCODING_COUNT = sizeof(encodings) / sizeof(*encodings) };

/* Encodes a rule, which must succeed. The caller frees it. */
static void *encode(const struct plan_rule *rule, enum plan_family family)
{
	void *entry = NULL;
	struct err err;

	CU_ASSERT_FATAL(ipt_entry_encode(rule, family, &entry, &err) == 0);
	return entry;
}

static void check_extensions(size_t row, enum plan_family family, const char *expected)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(freep) void *entry = encode(&encodings[row].rule, family);

	put_extensions(&out, entry, family);
	ASSERT_TEXT(encodings[row].name, out.data, expected);
}

static void test_extensions(void)
{
	for (size_t i = 0; i < ENCODING_COUNT; i++) {
		check_extensions(i, PLAN_V4, encodings[i].v4);
		check_extensions(i, PLAN_V6,
				 encodings[i].v6 != NULL ? encodings[i].v6 : encodings[i].v4);
	}
}

static const struct plan_rule header_rule = {
	.protocol = PLAN_TCP,
	.out_interface = {"lo"},
	.has_source = true,
	.source = {.prefix_length = 12, .addr_be = {172, 16}},
	.has_destination = true,
	.is_destination_negated = true,
	.destination = {.prefix_length = 31, .addr_be = {10, 0, 0, 2}},
	.verdict = PLAN_GOTO,
	.target_chain = PLAN_CHAIN_CAPTURE,
};

static void test_v4_header(void)
{
	CLEANUP(freep) struct ipt_entry *entry = encode(&header_rule, PLAN_V4);
	const struct ipt_ip *ip = &entry->ip;
	CLEANUP(strbuf_release) struct strbuf addresses = STRBUF_INIT;

	put_hex(&addresses, &ip->src, 4 * sizeof(ip->src)); /* src, dst, smsk, dmsk */
	ASSERT_TEXT("addresses", addresses.data, "ac1000000a000002fff00000fffffffe");
	CU_ASSERT_STRING_EQUAL(ip->outiface, "lo");
	CU_ASSERT(memcmp(ip->outiface_mask, "\xff\xff\xff\0", 4) == 0);
	CU_ASSERT(ip->iniface[0] == 0 && ip->iniface_mask[0] == 0);
	CU_ASSERT(ip->proto == IPPROTO_TCP);
	CU_ASSERT(ip->flags == IPT_F_GOTO && ip->invflags == IPT_INV_DSTIP);
	CU_ASSERT(entry->target_offset == sizeof(*entry));
	CU_ASSERT(entry->next_offset == sizeof(*entry) + 40);
}

static void test_v6_header(void)
{
	struct plan_rule rule = header_rule;
	CLEANUP(strbuf_release) struct strbuf addresses = STRBUF_INIT;

	rule.source = (struct cidr){.is_v6 = true, .prefix_length = 7, .addr_be = {0xfc}};
	rule.destination =
		(struct cidr){.is_v6 = true, .prefix_length = 128, .addr_be = {[15] = 1}};
	CLEANUP(freep) struct ip6t_entry *entry = encode(&rule, PLAN_V6);
	const struct ip6t_ip6 *ip = &entry->ipv6;

	put_hex(&addresses, &ip->src, 4 * sizeof(ip->src));
	ASSERT_TEXT("addresses", addresses.data,
		    "fc000000000000000000000000000000"
		    "00000000000000000000000000000001"
		    "fe000000000000000000000000000000"
		    "ffffffffffffffffffffffffffffffff");
	CU_ASSERT_STRING_EQUAL(ip->outiface, "lo");
	CU_ASSERT(ip->proto == IPPROTO_TCP);
	CU_ASSERT(ip->flags == (IP6T_F_GOTO | IP6T_F_PROTO) && ip->invflags == IP6T_INV_DSTIP);
	CU_ASSERT(entry->next_offset == sizeof(*entry) + 40);
}

static void test_jump(void)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(freep) struct ipt_entry *entry = NULL;
	void *jump = NULL;
	struct err err;

	CU_ASSERT_FATAL(ipt_entry_encode_jump("SIDEWIRE_INBOUND", PLAN_V4, &jump, &err) == 0);
	entry = jump;
	put_extensions(&out, entry, PLAN_V4);
	ASSERT_TEXT("jump", out.data, "SIDEWIRE_INBOUND/0! 0000000000000000");
	CU_ASSERT(entry->ip.flags == 0);
}

/* The most that one rule can ask for fits. */
static void test_longest_rule(void)
{
	struct plan_rule rule = header_rule;

	rule.source_port = 1;
	rule.port_count = PLAN_PORT_SLOTS;
	for (size_t i = 0; i < PLAN_PORT_SLOTS; i++)
		rule.ports[i] = (struct range){(uint32_t)(2 * i + 1), (uint32_t)(2 * i + 1)};
	rule.has_uid = true;
	rule.has_gid = true;
	rule.has_mark = true;
	rule.state = PLAN_REPLY;
	rule.segment = PLAN_SYN;
	rule.has_socket = true;
	rule.is_source_foreign = true;
	rule.verdict = PLAN_ZONE;
	free(encode(&rule, PLAN_V4));
	free(encode(&rule, PLAN_V6));
}

/* Pairs of rules that differ in one thing, as far as the kernel's bytes are concerned. */
static const struct {
	const char *name;
	struct plan_rule a;
	struct plan_rule b;
} pairs[] = {
	{"protocol", {.protocol = PLAN_TCP}, {0}},
	{"interface", {.out_interface = {"lo"}}, {0}},
	{"goto", {.verdict = PLAN_GOTO}, {.verdict = PLAN_GOTO, .target_chain = PLAN_CHAIN_PROXY}},
	{"verdict", {.verdict = PLAN_REDIRECT}, {.verdict = PLAN_PASS}},
	{"redirected port",
	 {.verdict = PLAN_REDIRECT, .port = 1},
	 {.verdict = PLAN_REDIRECT, .port = 2}},
	{"port",
	 {.protocol = PLAN_TCP, .port_count = 1, .ports = {{1, 1}}},
	 {.protocol = PLAN_TCP, .port_count = 1, .ports = {{2, 2}}}},
	{"ports",
	 {.protocol = PLAN_TCP, .port_count = 2, .ports = {{1, 1}, {3, 3}}},
	 {.protocol = PLAN_TCP, .port_count = 2, .ports = {{1, 1}, {4, 4}}}},
	{"a range, not two ports",
	 {.protocol = PLAN_TCP, .port_count = 2, .ports = {{1, 1}, {3, 4}}},
	 {.protocol = PLAN_TCP, .port_count = 3, .ports = {{1, 1}, {3, 3}, {4, 4}}}},
	{"uid", {.has_uid = true, .uids = {1, 1}}, {.has_uid = true, .uids = {1, 2}}},
	{"uid, not gid", {.has_uid = true}, {.has_gid = true}},
	{"mark", {.has_mark = true, .mark = 1}, {.has_mark = true, .mark = 2}},
	{"match", {.has_mark = true}, {.has_uid = true}},
	{"TCP, not UDP", {.protocol = PLAN_TCP}, {.protocol = PLAN_UDP}},
	{"incoming interface", {.in_interface = {"eth0"}}, {.in_interface = {"eth1"}}},
	{"segment",
	 {.protocol = PLAN_TCP, .segment = PLAN_SYN},
	 {.protocol = PLAN_TCP, .segment = PLAN_NOT_SYN}},
	{"state", {.state = PLAN_INVALID}, {.state = PLAN_REPLY}},
	{"foreign end", {.is_source_foreign = true}, {.is_destination_foreign = true}},
	{"zone", {.verdict = PLAN_ZONE, .zone = 1}, {.verdict = PLAN_ZONE, .zone = 2}},
	{"what is marked", {.verdict = PLAN_MARK, .set_mark = 1}, {.verdict = PLAN_MARK}},
	{"dropped, not rejected", {.verdict = PLAN_DROP}, {.verdict = PLAN_REJECT}},
	{"source", {.has_source = true, .source = {.prefix_length = 1}}, {0}},
	{"negation",
	 {.has_destination = true, .destination = {.prefix_length = 1}},
	 {.has_destination = true,
	  .destination = {.prefix_length = 1},
	  .is_destination_negated = true}},
};

static void check_pair(const char *row, const struct plan_rule *a, const struct plan_rule *b,
		       enum plan_family family)
{
	CLEANUP(freep) void *entry_a = encode(a, family);
	CLEANUP(freep) void *again = encode(a, family);
	CLEANUP(freep) void *entry_b = encode(b, family);

	ASSERT_ROW(row, ipt_entry_equal(entry_a, again, family));
	ASSERT_ROW(row, !ipt_entry_equal(entry_a, entry_b, family));
	ASSERT_ROW(row, !ipt_entry_equal(entry_b, entry_a, family));
}

static void test_equal(void)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		check_pair(pairs[i].name, &pairs[i].a, &pairs[i].b, PLAN_V4);
		check_pair(pairs[i].name, &pairs[i].a, &pairs[i].b, PLAN_V6);
	}
}

/* Counters, and what the kernel keeps in an entry, older ones behind a name too, do not count. */
static void test_equal_but_for_the_kernels_own(void)
{
	const struct plan_rule rule = {.has_uid = true, .verdict = PLAN_REDIRECT};
	CLEANUP(freep) struct ipt_entry *ours = encode(&rule, PLAN_V4);
	CLEANUP(freep) struct ipt_entry *kernels = encode(&rule, PLAN_V4);
	struct xt_entry_match *match = (void *)kernels->elems;

	kernels->counters.pcnt = 1;
	kernels->comefrom = 1;
	kernels->nfcache = 1;
	match->u.user.name[sizeof("owner")] = 'x';
	CU_ASSERT(ipt_entry_equal(ours, kernels, PLAN_V4));
	match->u.user.revision = 0;
	CU_ASSERT(!ipt_entry_equal(ours, kernels, PLAN_V4));
}

/* Linux before 4.11 gives CT's pointer away. */
static void test_equal_but_for_a_pointer(void)
{
	const struct plan_rule rule = {.verdict = PLAN_ZONE, .zone = 1};
	CLEANUP(freep) struct ipt_entry *ours = encode(&rule, PLAN_V4);
	CLEANUP(freep) struct ipt_entry *kernels = encode(&rule, PLAN_V4);
	struct xt_entry_target *target = (void *)kernels->elems;
	struct xt_ct_target_info_v1 *ct = (void *)target->data;

	ct->ct = (void *)kernels;
	CU_ASSERT(ipt_entry_equal(ours, kernels, PLAN_V4));
	ct->timeout[0] = 'x';
	CU_ASSERT(!ipt_entry_equal(ours, kernels, PLAN_V4));
}

/* As the kernel gives it: no name, and an offset. */
static void test_copy_names_a_standard_target(void)
{
	const struct plan_rule rule = {.out_interface = {"lo"}, .verdict = PLAN_PASS};
	CLEANUP(freep) struct ip6t_entry *ours = encode(&rule, PLAN_V6);
	CLEANUP(freep) struct ip6t_entry *kernels = encode(&rule, PLAN_V6);
	CLEANUP(freep) void *copy = NULL;
	struct xt_standard_target *target = (void *)kernels->elems;
	struct err err;

	memset(target->target.u.user.name, 0, sizeof(target->target.u.user.name));
	target->verdict = -5;
	CU_ASSERT(!ipt_entry_equal(ours, kernels, PLAN_V6));
	CU_ASSERT_FATAL(ipt_entry_copy(kernels, PLAN_V6, "RETURN", &copy, &err) == 0);
	CU_ASSERT(ipt_entry_equal(ours, copy, PLAN_V6));
}

static void test_copy_keeps_another_target(void)
{
	CLEANUP(freep) void *entry = encode(&encodings[1].rule, PLAN_V4);
	CLEANUP(freep) void *copy = NULL;
	struct err err;

	CU_ASSERT_FATAL(ipt_entry_copy(entry, PLAN_V4, "REDIRECT", &copy, &err) == 0);
	CU_ASSERT(ipt_entry_equal(entry, copy, PLAN_V4));
}

/* Parts that do not fill an entry, which has one match. Sizes that are 0 stay. */
static const struct {
	const char *name;
	uint16_t next_offset;
	uint16_t target_offset;
	uint16_t match_size;
	uint16_t target_size;
} damages[] = {
	{.name = "it ends before its target does", .next_offset = sizeof(struct ipt_entry) + 80},
	{.name = "it ends before its match does", .next_offset = sizeof(struct ipt_entry) + 8},
	{.name = "its target is in the header", .target_offset = 8},
	{.name = "its target is in the match", .target_offset = sizeof(struct ipt_entry) + 8},
	{.name = "its target is behind the end", .target_offset = UINT16_MAX},
	{.name = "a match that is shorter than its header", .match_size = 8},
	{.name = "a match that ends in the target", .match_size = 64},
	{.name = "a match of an odd size", .match_size = 33},
	{.name = "a target that is too short", .target_size = 32},
	{.name = "a target that is too long", .target_size = 64},
};

static void test_copy_of_a_damaged_one(void)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		CLEANUP(freep) struct ipt_entry *entry = encode(&encodings[1].rule, PLAN_V4);
		CLEANUP(freep) void *copy = NULL;
		struct xt_entry_match *match = (void *)entry->elems;
		struct xt_entry_target *target = (void *)((uint8_t *)entry + entry->target_offset);
		struct err err = {0};

		if (damages[i].match_size != 0)
			match->u.user.match_size = damages[i].match_size;
		if (damages[i].target_size != 0)
			target->u.user.target_size = damages[i].target_size;
		if (damages[i].target_offset != 0)
			entry->target_offset = damages[i].target_offset;
		if (damages[i].next_offset != 0)
			entry->next_offset = damages[i].next_offset;
		ASSERT_ROW(damages[i].name,
			   ipt_entry_copy(entry, PLAN_V4, "REDIRECT", &copy, &err) == -EIO);
		ASSERT_TEXT(damages[i].name, err.msg,
			    "IPv4: a rule that the kernel tells of is damaged");
	}
}

static void test_copy_of_a_name_without_end(void)
{
	CLEANUP(freep) struct ipt_entry *entry = encode(&encodings[1].rule, PLAN_V4);
	CLEANUP(freep) void *copy = NULL;
	struct xt_entry_match *match = (void *)entry->elems;
	struct err err;

	memset(match->u.user.name, 'x', sizeof(match->u.user.name));
	CU_ASSERT_EQUAL(ipt_entry_copy(entry, PLAN_V4, "REDIRECT", &copy, &err), -EIO);
}

static int attempt_encode(const void *input, struct err *err)
{
	CLEANUP(freep) void *entry = NULL;
	CLEANUP(freep) void *copy = NULL;
	int r = ipt_entry_encode(input, PLAN_V6, &entry, err);

	return r < 0 ? r : ipt_entry_copy(entry, PLAN_V6, "RETURN", &copy, err);
}

static void test_without_memory(void)
{
	alloc_fail_sweep("encode and copy", attempt_encode, &header_rule);
}

static CU_TestInfo tests[] = {
	{"extensions, byte by byte", test_extensions},
	{"IPv4 header", test_v4_header},
	{"IPv6 header", test_v6_header},
	{"jump", test_jump},
	{"longest rule", test_longest_rule},
	{"entries are equal, or differ", test_equal},
	{"the kernel's own fields do not count", test_equal_but_for_the_kernels_own},
	{"the kernel's own pointer does not count", test_equal_but_for_a_pointer},
	{"a copy has its target by name", test_copy_names_a_standard_target},
	{"a copy keeps another target", test_copy_keeps_another_target},
	{"a damaged one is not copied", test_copy_of_a_damaged_one},
	{"nor one with a name without end", test_copy_of_a_name_without_end},
	{"without memory", test_without_memory},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/ipt_entry", tests)
