/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rules of a plan become one, and what is in their sets (nft_rules); as text (nft_text). */
#include "cni/core/nft_rules.h"

#include <errno.h>
#include <string.h>

#include "cni/core/nft_text.h"
#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

enum { RULES_MAX = 4 };

#define V4(length, ...)             \
	{                           \
		false, length,      \
		{                   \
			__VA_ARGS__ \
		}                   \
	}
#define V6(length, ...)             \
	{                           \
		true, length,       \
		{                   \
			__VA_ARGS__ \
		}                   \
	}
#define FROM(list, ...)                                                     \
	{                                                                   \
		.families = list, .has_source = true, .source = __VA_ARGS__ \
	}
#define TO(list, ...)                                                                 \
	{                                                                             \
		.families = list, .has_destination = true, .destination = __VA_ARGS__ \
	}
#define TCP(...)                                                         \
	{                                                                \
		.families = PLAN_BOTH, .protocol = PLAN_TCP, __VA_ARGS__ \
	}

struct row {
	const char *name;
	const char *text; /* sets with their intervals, then rules */
	enum plan_family families;
	size_t count;
	struct plan_rule rules[RULES_MAX];
};

static const struct row ROWS[] = {
	{"nothing", "", PLAN_BOTH, 0, {}},
	{"one port",
	 "tcp dport 80 return\n",
	 PLAN_BOTH,
	 1,
	 {TCP(.port_count = 1, .ports = {{80, 80}})}},
	{"a range",
	 "tcp dport 8-9 return\n",
	 PLAN_BOTH,
	 1,
	 {TCP(.port_count = 1, .ports = {{8, 9}})}},
	{"ports of one rule",
	 "tcp dport @SIDEWIRE_ZONE_IN_1 return\nSIDEWIRE_ZONE_IN_1: 0050-0050 01bb-01bc\n",
	 PLAN_BOTH,
	 1,
	 {TCP(.port_count = 2, .ports = {{443, 444}, {80, 80}})}},
	{"ports of several, which touch and overlap",
	 "tcp dport @SIDEWIRE_ZONE_IN_1 return\nSIDEWIRE_ZONE_IN_1: 0001-0006 0009-0009 "
	 "fffe-ffff\n",
	 PLAN_BOTH,
	 3,
	 {TCP(.port_count = 2, .ports = {{3, 4}, {65534, 65535}}),
	  TCP(.port_count = 1, .ports = {{9, 9}}),
	  TCP(.port_count = 3, .ports = {{1, 2}, {4, 6}, {5, 5}})}},
	{"ports and any port",
	 "tcp dport 1 return\nmeta l4proto tcp return\n",
	 PLAN_BOTH,
	 2,
	 {TCP(.port_count = 1, .ports = {{1, 1}}), TCP()}},
	{"other protocols",
	 "tcp dport 1 return\nudp dport 2 return\n",
	 PLAN_BOTH,
	 2,
	 {TCP(.port_count = 1, .ports = {{1, 1}}),
	  {.families = PLAN_BOTH, .protocol = PLAN_UDP, .port_count = 1, .ports = {{2, 2}}}}},
	{"other verdicts",
	 "tcp dport 1 return\ntcp dport 2 drop\n",
	 PLAN_BOTH,
	 2,
	 {TCP(.port_count = 1, .ports = {{1, 1}}),
	  TCP(.port_count = 1, .ports = {{2, 2}}, .verdict = PLAN_DROP)}},
	{"other target ports",
	 "tcp dport 1 redirect to :5\ntcp dport 2 redirect to :6\n",
	 PLAN_BOTH,
	 2,
	 {TCP(.port_count = 1, .ports = {{1, 1}}, .verdict = PLAN_REDIRECT, .port = 5),
	  TCP(.port_count = 1, .ports = {{2, 2}}, .verdict = PLAN_REDIRECT, .port = 6)}},
	{"sources of both families, mixed",
	 "ip saddr @SIDEWIRE_ZONE_IN_1 return\nip6 saddr @SIDEWIRE_ZONE_IN_2 return\n"
	 "SIDEWIRE_ZONE_IN_1: 09000000-0affffff\n"
	 "SIDEWIRE_ZONE_IN_2: fd000000000000000000000000000000-fdffffffffffffffffffffffffffffff "
	 "ff000000000000000000000000000000-ffffffffffffffffffffffffffffffff\n",
	 PLAN_BOTH,
	 4,
	 {FROM(PLAN_V6, V6(8, 0xff)), FROM(PLAN_V4, V4(8, 10)), FROM(PLAN_V6, V6(8, 0xfd)),
	  FROM(PLAN_V4, V4(8, 9))}},
	{"one of each family",
	 "ip daddr 10.0.0.0/8 return\nip6 daddr fd00::/8 return\n",
	 PLAN_BOTH,
	 2,
	 {TO(PLAN_V6, V6(8, 0xfd)), TO(PLAN_V4, V4(8, 10))}},
	{"of a family that is left out",
	 "ip daddr 10.0.0.0/8 return\n",
	 PLAN_V4,
	 2,
	 {TO(PLAN_V6, V6(8, 0xfd)), TO(PLAN_V4, V4(8, 10))}},
	{"all of it left out", "", PLAN_V4, 1, {TO(PLAN_V6, V6(8, 0xfd))}},
	{"source, then destination",
	 "ip saddr 1.0.0.0/8 return\nip daddr 1.0.0.0/8 return\n",
	 PLAN_BOTH,
	 2,
	 {FROM(PLAN_V4, V4(8, 1)), TO(PLAN_V4, V4(8, 1))}},
	{"negated destinations are no set",
	 "ip daddr != 1.0.0.0/8 return\nip daddr != 2.0.0.0/8 return\n",
	 PLAN_BOTH,
	 2,
	 {{.families = PLAN_V4,
	   .has_destination = true,
	   .is_destination_negated = true,
	   .destination = V4(8, 1)},
	  {.families = PLAN_V4,
	   .has_destination = true,
	   .is_destination_negated = true,
	   .destination = V4(8, 2)}}},
	{"prefixes with ports",
	 "ip daddr @SIDEWIRE_ZONE_IN_2 tcp dport @SIDEWIRE_ZONE_IN_1 return\n"
	 "SIDEWIRE_ZONE_IN_1: 0001-0001 0003-0003\n"
	 "SIDEWIRE_ZONE_IN_2: 01000000-01ffffff 03000000-03ffffff\n",
	 PLAN_BOTH,
	 2,
	 {{.families = PLAN_V4,
	   .protocol = PLAN_TCP,
	   .port_count = 2,
	   .ports = {{1, 1}, {3, 3}},
	   .has_destination = true,
	   .destination = V4(8, 1)},
	  {.families = PLAN_V4,
	   .protocol = PLAN_TCP,
	   .port_count = 2,
	   .ports = {{1, 1}, {3, 3}},
	   .has_destination = true,
	   .destination = V4(8, 3)}}},
	{"prefixes with other ports",
	 "ip daddr 1.0.0.0/8 tcp dport 1 return\nip daddr 3.0.0.0/8 tcp dport "
	 "@SIDEWIRE_ZONE_IN_1 return\nSIDEWIRE_ZONE_IN_1: 0001-0001 0003-0003\n",
	 PLAN_BOTH,
	 2,
	 {{.families = PLAN_V4,
	   .protocol = PLAN_TCP,
	   .port_count = 1,
	   .ports = {{1, 1}},
	   .has_destination = true,
	   .destination = V4(8, 1)},
	  {.families = PLAN_V4,
	   .protocol = PLAN_TCP,
	   .port_count = 2,
	   .ports = {{1, 1}, {3, 3}},
	   .has_destination = true,
	   .destination = V4(8, 3)}}},
	{"sets of two chains",
	 "ip saddr @SIDEWIRE_ZONE_IN_1 return\nip saddr @SIDEWIRE_ZONE_OUT_1 return\n"
	 "SIDEWIRE_ZONE_IN_1: 01000000-01ffffff 03000000-03ffffff\n"
	 "SIDEWIRE_ZONE_OUT_1: 01000000-01ffffff 03000000-03ffffff\n",
	 PLAN_BOTH,
	 4,
	 {FROM(PLAN_V4, V4(8, 1)),
	  FROM(PLAN_V4, V4(8, 3)),
	  {.chain = PLAN_CHAIN_ZONE_OUT,
	   .families = PLAN_V4,
	   .has_source = true,
	   .source = V4(8, 1)},
	  {.chain = PLAN_CHAIN_ZONE_OUT,
	   .families = PLAN_V4,
	   .has_source = true,
	   .source = V4(8, 3)}}},
	{"ICMP's types of each family",
	 "icmp type @SIDEWIRE_ZONE_IN_1 return\nicmpv6 type @SIDEWIRE_ZONE_IN_2 return\n"
	 "SIDEWIRE_ZONE_IN_1: 03-04\nSIDEWIRE_ZONE_IN_2: 82-82 ff-ff\n",
	 PLAN_BOTH,
	 2,
	 {{.families = PLAN_V4, .protocol = PLAN_ICMP, .icmp_count = 2, .icmp_types = {4, 3}},
	  {.families = PLAN_V6, .protocol = PLAN_ICMP, .icmp_count = 2, .icmp_types = {255, 130}}}},
	{"a family without an address",
	 "meta nfproto ipv6 return\n",
	 PLAN_BOTH,
	 1,
	 {{.families = PLAN_V6}}},
	{"a family that is alone", "return\n", PLAN_V6, 1, {{.families = PLAN_BOTH}}},
	{"TCP without a proxy",
	 "tcp dport 1 tproxy to :5 return\n"
	 "tcp dport 1 tcp flags & (fin | syn | rst | ack) == syn drop\n",
	 PLAN_BOTH,
	 1,
	 {TCP(.port_count = 1, .ports = {{1, 1}}, .verdict = PLAN_TPROXY, .port = 5)}},
	{"UDP without a proxy",
	 "ip6 daddr ::1 udp dport 1 tproxy ip6 to :5 return\nip6 daddr ::1 udp dport 1 drop\n",
	 PLAN_BOTH,
	 1,
	 {{.families = PLAN_V6,
	   .protocol = PLAN_UDP,
	   .port_count = 1,
	   .ports = {{1, 1}},
	   .has_destination = true,
	   .destination = V6(128, [15] = 1),
	   .verdict = PLAN_TPROXY,
	   .port = 5}}},
	{"the other words",
	 "iifname \"eth0\" fib saddr type != local fib daddr type != local socket wildcard 0 meta "
	 "mark "
	 "set 0x5\nct state invalid ct zone set 7 return\nmeta nfproto ipv4 meta l4proto icmp ct "
	 "direction reply "
	 "reject "
	 "with icmpx port-unreachable\noifname \"lo\" tcp sport 4 tcp flags & (fin | syn | rst | "
	 "ack) != "
	 "syn meta skuid 1-2 meta skgid 3 meta mark 0x10 goto SIDEWIRE_TPROXY\n",
	 PLAN_BOTH,
	 4,
	 {{.families = PLAN_BOTH,
	   .in_interface = {"eth0"},
	   .is_source_foreign = true,
	   .is_destination_foreign = true,
	   .has_socket = true,
	   .verdict = PLAN_MARK,
	   .set_mark = 5},
	  {.families = PLAN_BOTH, .state = PLAN_INVALID, .verdict = PLAN_ZONE, .zone = 7},
	  {.families = PLAN_V4, .protocol = PLAN_ICMP, .state = PLAN_REPLY, .verdict = PLAN_REJECT},
	  TCP(.out_interface = {"lo"}, .source_port = 4, .segment = PLAN_NOT_SYN, .has_uid = true,
	      .uids = {1, 2}, .has_gid = true, .gids = {3, 3}, .has_mark = true, .mark = 16,
	      .verdict = PLAN_GOTO, .target_chain = PLAN_CHAIN_TPROXY)}},
};

static void put_bytes(struct strbuf *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		strbuf_printf(out, "%02x", bytes[i]);
}

static void put_set(struct strbuf *out, const struct nft_set *set)
{
	size_t size = NFT_KEYS[set->key].size;

	strbuf_printf(out, "%s:", set->name);
	for (size_t i = 0; i < set->count; i++) {
		strbuf_puts(out, " ");
		put_bytes(out, set->intervals[i].first_be, size);
		strbuf_puts(out, "-");
		put_bytes(out, set->intervals[i].last_be, size);
	}
	strbuf_puts(out, "\n");
}

static void test_groups(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct plan_rule rules[RULES_MAX];
		const struct redirect_plan plan = {.rules = rules, .count = ROWS[i].count};
		CLEANUP(nft_rules_release) struct nft_rules built = {0};
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		struct err err;

		memcpy(rules, ROWS[i].rules, sizeof(rules));
		CU_ASSERT_FATAL(nft_rules_build(&plan, ROWS[i].families, &built, &err) == 0);
		strbuf_puts(&out, "");
		for (size_t k = 0; k < built.count; k++) {
			nft_text_rule(&built, &built.rules[k], &out);
			strbuf_puts(&out, "\n");
		}
		for (size_t k = 0; k < built.set_count; k++)
			put_set(&out, &built.sets[k]);
		ASSERT_TEXT(ROWS[i].name, out.data, ROWS[i].text);
	}
}

/* Rules for another port that ask for, or do, one thing more: none may be taken for the same. */
static void test_every_field_counts(void)
{
	static const struct plan_rule OTHERS[] = {
		TCP(.chain = PLAN_CHAIN_ZONE_OUT),
		{.families = PLAN_V4, .protocol = PLAN_TCP},
		{.families = PLAN_BOTH, .protocol = PLAN_UDP},
		TCP(.segment = PLAN_SYN),
		TCP(.state = PLAN_REPLY),
		TCP(.in_interface = {"eth0"}),
		TCP(.out_interface = {"eth0"}),
		TCP(.has_socket = true),
		TCP(.has_source = true),
		TCP(.has_destination = true),
		TCP(.has_destination = true, .is_destination_negated = true),
		TCP(.is_source_foreign = true),
		TCP(.is_destination_foreign = true),
		TCP(.has_uid = true),
		TCP(.has_gid = true),
		TCP(.has_mark = true),
		TCP(.source_port = 1),
		TCP(.icmp_count = 1),
		TCP(.verdict = PLAN_DROP),
		TCP(.port = 1),
		TCP(.zone = 1),
		TCP(.set_mark = 1),
		TCP(.target_chain = PLAN_CHAIN_DELIVER),
		TCP(.uids = {1, 1}),
		TCP(.gids = {1, 1}),
		TCP(.mark = 1),
	};

	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(*OTHERS); i++) {
		struct plan_rule rules[] = {TCP(.port_count = 1, .ports = {{1, 1}}), OTHERS[i]};
		const struct redirect_plan plan = {.rules = rules, .count = 2};
		CLEANUP(nft_rules_release) struct nft_rules built = {0};
		struct err err;

		rules[1].port_count = 1;
		rules[1].ports[0] = (struct range){2, 2};
		CU_ASSERT_FATAL(nft_rules_build(&plan, PLAN_BOTH, &built, &err) == 0);
		ASSERT_ROW("a rule of its own", built.count == 2);
	}
}

static void test_base_chains(void)
{
	for (enum plan_chain chain = 0; chain < PLAN_CHAIN_COUNT; chain++) {
		const struct nft_base_chain *base = nft_base_chain_of(chain);

		ASSERT_ROW(plan_chain_name(chain),
			   (plan_chain_hook(chain) == NULL) == (base == NULL));
	}
	ASSERT_TEXT("mark", nft_base_chain_of(PLAN_CHAIN_MARK)->type, "route");
	ASSERT_TEXT("tproxy", nft_base_chain_of(PLAN_CHAIN_TPROXY)->name, "mangle_prerouting");
	ASSERT_TEXT("outbound", nft_base_chain_of(PLAN_CHAIN_OUTBOUND)->type, "nat");
}

static int attempt_text(const void *input, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	int r = redirect_text_nft(input, &out, err);

	return r == 0 && out.is_failed ? -ENOMEM : r;
}

static void test_without_memory(void)
{
	for (size_t i = 1; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct plan_rule rules[RULES_MAX];
		const struct redirect_plan plan = {.rules = rules, .count = ROWS[i].count};

		memcpy(rules, ROWS[i].rules, sizeof(rules));
		alloc_fail_sweep(ROWS[i].name, attempt_text, &plan);
	}
}

static CU_TestInfo tests[] = {
	{"groups and sets", test_groups},
	{"every field counts", test_every_field_counts},
	{"base chains", test_base_chains},
	{"without memory", test_without_memory},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/nft_rules", tests)
