/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel is told of (nft_content, nft_expr), and how it differs from what it tells of
 * (nft_compare). tests/netns/test_nftables.py has nft read it. */
#include "cni/core/nft_content.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

enum { MANY = 1200 }; /* elements of a set that are more than a message's */

static void put_hex(struct strbuf *out, struct nft_rest value)
{
	for (size_t i = 0; i < value.length; i++)
		strbuf_printf(out, "%02x", value.bytes[i]);
}

/* A value of an expression's attribute: a number, bytes in <>, a verdict, or a text. */
static void put_value(struct strbuf *out, const struct nft_attr *attr)
{
	struct nft_rest verdict = nft_find(attr->value, NFTA_DATA_VERDICT);

	if (attr->is_nested && verdict.bytes != NULL) {
		strbuf_printf(out, "%d%s", (int)nft_find_u32(verdict, NFTA_VERDICT_CODE),
			      nft_find_text(verdict, NFTA_VERDICT_CHAIN));
	} else if (attr->is_nested) {
		strbuf_puts(out, "<");
		put_hex(out, nft_find(attr->value, NFTA_DATA_VALUE));
		strbuf_puts(out, ">");
	} else if (attr->value.length == sizeof(uint32_t)) {
		const uint8_t *bytes = attr->value.bytes;

		strbuf_printf(out, "%d", bytes[2] << 8 | bytes[3]);
	} else if (attr->value.length == 1) {
		strbuf_printf(out, "%u", attr->value.bytes[0]);
	} else {
		strbuf_puts(out, (const char *)attr->value.bytes);
	}
}

/* "meta 1,16 cmp 1,0,<06> ...": the expressions, each with its attributes in their order. */
static void put_expressions(struct strbuf *out, struct nft_rest rule)
{
	struct nft_rest list = nft_find(rule, NFTA_RULE_EXPRESSIONS);
	struct nft_attr expression;
	struct nft_attr attr;

	while (nft_next(&list, &expression)) {
		struct nft_rest data = nft_find(expression.value, NFTA_EXPR_DATA);
		const char *separator = " ";

		strbuf_puts(out, nft_find_text(expression.value, NFTA_EXPR_NAME));
		while (nft_next(&data, &attr)) {
			strbuf_puts(out, separator);
			put_value(out, &attr);
			separator = ",";
		}
		strbuf_puts(out, "; ");
	}
}

static struct nft_content build(const struct redirect_plan *plan, struct nft_rules *rules)
{
	struct nft_content content = {0};
	struct err err;

	CU_ASSERT_FATAL(nft_rules_build(plan, PLAN_BOTH, rules, &err) == 0);
	CU_ASSERT_FATAL(nft_content_build(rules, &content, &err) == 0);
	return content;
}

#define TCP "meta 1,16; cmp 1,0,<06>; "
#define IPV4 "meta 1,15; cmp 1,0,<02>; "
#define IPV6 "meta 1,15; cmp 1,0,<0a>; "
#define RETURN "immediate 0,-5; "
#define RULE(...)                                  \
	{                                          \
		.families = PLAN_BOTH, __VA_ARGS__ \
	}

static const struct {
	const char *name;
	const char *expressions; /* of the first rule */
	struct plan_rule rule;
} ROWS[] = {
	{"everything", RETURN, RULE()},
	{"a family", IPV6 RETURN, {.families = PLAN_V6}},
	{"TCP", TCP RETURN, RULE(.protocol = PLAN_TCP)},
	{"UDP", "meta 1,16; cmp 1,0,<11>; " RETURN, RULE(.protocol = PLAN_UDP)},
	{"ICMP",
	 IPV4 "meta 1,16; cmp 1,0,<01>; payload 1,2,0,1; cmp 1,0,<05>; " RETURN,
	 {.families = PLAN_V4, .protocol = PLAN_ICMP, .icmp_count = 1, .icmp_types = {5}}},
	{"ICMPv6",
	 IPV6 "meta 1,16; cmp 1,0,<3a>; " RETURN,
	 {.families = PLAN_V6, .protocol = PLAN_ICMP}},
	{"interfaces",
	 "meta 1,6; cmp 1,0,<65746831000000000000000000000000>; "
	 "meta 1,7; cmp 1,0,<6c6f0000000000000000000000000000>; " RETURN,
	 RULE(.in_interface = {"eth1"}, .out_interface = {"lo"})},
	{"an IPv4 address",
	 IPV4 "payload 1,1,12,4; cmp 1,0,<01020304>; " RETURN,
	 {.families = PLAN_V4, .has_source = true, .source = {false, 32, {1, 2, 3, 4}}}},
	{"an IPv4 prefix, negated",
	 IPV4 "payload 1,1,16,4; bitwise 1,1,4,<ffff8000>,<00000000>; cmp 1,1,<01028000>; " RETURN,
	 {.families = PLAN_V4,
	  .has_destination = true,
	  .is_destination_negated = true,
	  .destination = {false, 17, {1, 2, 128}}}},
	{"IPv6",
	 IPV6
	 "payload 1,1,8,16; cmp 1,0,<00000000000000000000000000000006>; payload 1,1,24,16; "
	 "bitwise 1,1,16,<ff000000000000000000000000000000>,<00000000000000000000000000000000>; "
	 "cmp 1,0,<fd000000000000000000000000000000>; " RETURN,
	 {.families = PLAN_V6,
	  .has_source = true,
	  .source = {true, 128, {[15] = 6}},
	  .has_destination = true,
	  .destination = {true, 8, {0xfd}}}},
	{"foreign addresses",
	 "fib 1,3,1; cmp 1,1,<02000000>; fib 1,3,2; cmp 1,1,<02000000>; " RETURN,
	 RULE(.is_source_foreign = true, .is_destination_foreign = true)},
	{"ports",
	 TCP "payload 1,2,0,2; cmp 1,0,<3e7e>; payload 1,2,2,2; range 1,0,<0050>,<0051>; " RETURN,
	 RULE(.protocol = PLAN_TCP, .source_port = 15998, .port_count = 1, .ports = {{80, 81}})},
	{"a set of ports", TCP "payload 1,2,2,2; lookup SIDEWIRE_ZONE_IN_1,1; " RETURN,
	 RULE(.protocol = PLAN_TCP, .port_count = 2, .ports = {{80, 80}, {443, 443}})},
	{"a set of types",
	 IPV4 "meta 1,16; cmp 1,0,<01>; payload 1,2,0,1; lookup SIDEWIRE_ZONE_IN_1,1; " RETURN,
	 {.families = PLAN_V4, .protocol = PLAN_ICMP, .icmp_count = 2, .icmp_types = {5, 9}}},
	{"SYN", TCP "payload 1,2,13,1; bitwise 1,1,1,<17>,<00>; cmp 1,0,<02>; " RETURN,
	 RULE(.protocol = PLAN_TCP, .segment = PLAN_SYN)},
	{"not SYN", TCP "payload 1,2,13,1; bitwise 1,1,1,<17>,<00>; cmp 1,1,<02>; " RETURN,
	 RULE(.protocol = PLAN_TCP, .segment = PLAN_NOT_SYN)},
	{"owners",
	 "meta 1,10; cmp 1,0,<fb3a0000>; meta 1,11; byteorder 1,1,1,4,4; "
	 "range 1,0,<00000001>,<00000100>; " RETURN,
	 RULE(.has_uid = true, .uids = {15099, 15099}, .has_gid = true, .gids = {1, 256})},
	{"a mark and a socket", "meta 1,3; cmp 1,0,<0100de51>; socket 2,1; cmp 1,0,<00>; " RETURN,
	 RULE(.has_mark = true, .mark = 0x51de0001, .has_socket = true)},
	{"invalid", "ct 1,0; bitwise 1,1,4,<01000000>,<00000000>; cmp 1,1,<00000000>; " RETURN,
	 RULE(.state = PLAN_INVALID)},
	{"of NAT", "ct 1,2; bitwise 1,1,4,<30000000>,<00000000>; cmp 1,1,<00000000>; " RETURN,
	 RULE(.state = PLAN_TRANSLATED)},
	{"a reply", "ct 1,1; cmp 1,0,<01>; " RETURN, RULE(.state = PLAN_REPLY)},
	{"redirect", "immediate 1,<3a9e>; redir 1,1,2; ",
	 RULE(.verdict = PLAN_REDIRECT, .port = 15006)},
	{"tproxy", "immediate 1,<3a9e>; tproxy 0,1; " RETURN,
	 RULE(.verdict = PLAN_TPROXY, .port = 15006)},
	{"tproxy of one family",
	 IPV6 "immediate 1,<3a9e>; tproxy 10,1; " RETURN,
	 {.families = PLAN_V6, .verdict = PLAN_TPROXY, .port = 15006}},
	{"mark", "immediate 1,<0100de51>; meta 3,1; ",
	 RULE(.verdict = PLAN_MARK, .set_mark = 0x51de0001)},
	{"zone", "immediate 1,<0200>; ct 17,1; " RETURN, RULE(.verdict = PLAN_ZONE, .zone = 2)},
	{"reject", "reject 2,1; ", RULE(.verdict = PLAN_REJECT)},
	{"drop", "immediate 0,0; ", RULE(.verdict = PLAN_DROP)},
	{"goto", "immediate 0,-4SIDEWIRE_TPROXY; ",
	 RULE(.verdict = PLAN_GOTO, .target_chain = PLAN_CHAIN_TPROXY)},
};

static void test_expressions(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct plan_rule rule = ROWS[i].rule;
		const struct redirect_plan plan = {.rules = &rule, .count = 1};
		CLEANUP(nft_rules_release) struct nft_rules rules = {0};
		CLEANUP(nft_content_release) struct nft_content content = build(&plan, &rules);
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

		put_expressions(
			&out, nft_content_attributes(&content, content.count - content.rule_count));
		ASSERT_TEXT(ROWS[i].name, out.data, ROWS[i].expressions);
	}
}

/* What no socket takes is dropped: TCP that opens a connection, and UDP. */
static void test_without_proxy(void)
{
	static const char *const EXPECTED[] = {
		[PLAN_TCP] = TCP "payload 1,2,13,1; bitwise 1,1,1,<17>,<00>; cmp 1,0,<02>; "
				 "immediate 0,0; ",
		[PLAN_UDP] = "meta 1,16; cmp 1,0,<11>; immediate 0,0; ",
	};

	for (enum plan_protocol protocol = PLAN_TCP; protocol <= PLAN_UDP; protocol++) {
		struct plan_rule rule =
			RULE(.protocol = protocol, .verdict = PLAN_TPROXY, .port = 1);
		const struct redirect_plan plan = {.rules = &rule, .count = 1};
		CLEANUP(nft_rules_release) struct nft_rules rules = {0};
		CLEANUP(nft_content_release) struct nft_content content = build(&plan, &rules);
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

		CU_ASSERT_FATAL(content.rule_count == 3);
		put_expressions(&out, nft_content_attributes(&content, content.count - 2));
		ASSERT_TEXT("dropped", out.data, EXPECTED[protocol]);
	}
}

/* A chain that is led to is there, though it holds no rule. */
static void test_empty_chain(void)
{
	struct plan_rule rule = RULE(.verdict = PLAN_GOTO, .target_chain = PLAN_CHAIN_TPROXY_OUT);
	const struct redirect_plan plan = {.rules = &rule, .count = 1};
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_content_release) struct nft_content content = build(&plan, &rules);

	CU_ASSERT_EQUAL(content.count - content.rule_count, 3);
	ASSERT_TEXT("chain", nft_find_text(nft_content_attributes(&content, 2), NFTA_CHAIN_NAME),
		    "SIDEWIRE_TPROXY_OUT");
}

/* "key key! ...": the elements of a set; ! is the first that is not in the interval before. */
static void test_elements(void)
{
	struct plan_rule rule = RULE(.protocol = PLAN_TCP, .port_count = 3,
				     .ports = {{80, 80}, {443, 444}, {65000, 65535}});
	const struct redirect_plan plan = {.rules = &rule, .count = 1};
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_content_release) struct nft_content content = build(&plan, &rules);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct nft_attr attr;

	CU_ASSERT_FATAL(content.objects[3].kind == NFT_ELEMENTS);
	struct nft_rest list =
		nft_find(nft_content_attributes(&content, 3), NFTA_SET_ELEM_LIST_ELEMENTS);
	while (nft_next(&list, &attr)) {
		put_hex(&out, nft_find(nft_find(attr.value, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE));
		strbuf_puts(&out, nft_find_u32(attr.value, NFTA_SET_ELEM_FLAGS) ==
						  NFT_SET_ELEM_INTERVAL_END
					  ? "! "
					  : " ");
	}
	ASSERT_TEXT("elements", out.data, "0050 0051! 01bb 01bd! fde8 ");
}

/* A plan with a rule of each kind that the comparison knows, to be changed. */
static const struct plan_rule SOME[] = {
	{.chain = PLAN_CHAIN_INBOUND,
	 .families = PLAN_BOTH,
	 .protocol = PLAN_TCP,
	 .port_count = 2,
	 .ports = {{80, 80}, {443, 443}}},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_V6,
	 .out_interface = {"lo"},
	 .has_source = true,
	 .source = {true, 128, {[15] = 6}}},
	{.chain = PLAN_CHAIN_OUTBOUND, .families = PLAN_BOTH, .has_uid = true, .uids = {9, 9}},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_BOTH,
	 .verdict = PLAN_GOTO,
	 .target_chain = PLAN_CHAIN_PROXY},
	{.chain = PLAN_CHAIN_PROXY, .families = PLAN_BOTH, .verdict = PLAN_DROP},
};

enum { SOME_COUNT = sizeof(SOME) / sizeof(*SOME) };

static const struct redirect_plan NOTHING = {0};

/* Changes of the plan, for the content made of it to be what is in force. */
static void nothing(struct plan_rule *rules, size_t *count)
{
	(void)rules;
	(void)count;
}

static void lose_everything(struct plan_rule *rules, size_t *count)
{
	(void)rules;
	*count = 0;
}

static void lose_first(struct plan_rule *rules, size_t *count)
{
	memmove(rules, rules + 1, --*count * sizeof(*rules));
}

static void lose_third(struct plan_rule *rules, size_t *count)
{
	rules[2] = rules[3];
	rules[3] = rules[4];
	--*count;
}

static void lose_fourth(struct plan_rule *rules, size_t *count)
{
	rules[3] = rules[4];
	--*count;
}

static void gain_chain(struct plan_rule *rules, size_t *count)
{
	(void)count;
	rules[0].verdict = PLAN_GOTO;
	rules[0].target_chain = PLAN_CHAIN_REROUTED;
}

static void lose_last(struct plan_rule *rules, size_t *count)
{
	rules[3].target_chain = PLAN_CHAIN_REROUTED;
	--*count;
}

static void gain_last(struct plan_rule *rules, size_t *count)
{
	rules[(*count)++] = rules[4];
}

static void swap(struct plan_rule *rules, size_t *count)
{
	struct plan_rule first = rules[1];

	(void)count;
	rules[1] = rules[2];
	rules[2] = first;
}

static void other_port(struct plan_rule *rules, size_t *count)
{
	(void)count;
	rules[0].ports[1].last = 444;
}

static void more_ports(struct plan_rule *rules, size_t *count)
{
	(void)count;
	rules[0].ports[rules[0].port_count++] = (struct range){500, 500};
}

static void single_port(struct plan_rule *rules, size_t *count)
{
	(void)count;
	rules[0].port_count = 1;
}

static const struct {
	const char *name;
	void (*change)(struct plan_rule *rules, size_t *count);
	const char *difference; /* NULL: none */
} CHANGES[] = {
	{"nothing", nothing, NULL},
	{"everything lost", lose_everything, "the table inet sidewire is missing"},
	{"a chain lost", lose_first, "inet sidewire: chain SIDEWIRE_INBOUND is missing"},
	{"a rule lost", lose_third,
	 "inet sidewire: rule 2 of SIDEWIRE_OUTBOUND is another, expected: meta skuid 9 return"},
	{"the last rule of a chain lost", lose_fourth,
	 "inet sidewire: rule 3 of SIDEWIRE_OUTBOUND is missing, expected: goto SIDEWIRE_PROXY"},
	{"a chain gained", gain_chain, "inet sidewire: chain SIDEWIRE_REROUTED is one too many"},
	{"the last rule lost", lose_last, "inet sidewire: chain SIDEWIRE_PROXY is missing"},
	{"a rule gained", gain_last, "inet sidewire: rule 2 of SIDEWIRE_PROXY is one too many"},
	{"rules swapped", swap,
	 "inet sidewire: rule 1 of SIDEWIRE_OUTBOUND is another, expected: oifname \"lo\" ip6 "
	 "saddr ::6 "
	 "return"},
	{"another port", other_port, "inet sidewire: set SIDEWIRE_INBOUND_1 has other elements"},
	{"one port more", more_ports,
	 "inet sidewire: set SIDEWIRE_INBOUND_1 has more or fewer elements"},
	{"a set lost", single_port, "inet sidewire: set SIDEWIRE_INBOUND_1 is missing"},
};

/* The plan's rules, with room for one more. */
static struct redirect_plan some(struct plan_rule rules[static SOME_COUNT + 1])
{
	memcpy(rules, SOME, sizeof(SOME));
	return (struct redirect_plan){.rules = rules, .count = SOME_COUNT};
}

static void test_compare(void)
{
	for (size_t i = 0; i < sizeof(CHANGES) / sizeof(*CHANGES); i++) {
		struct plan_rule plain[SOME_COUNT + 1];
		struct plan_rule changed[SOME_COUNT + 1];
		const struct redirect_plan plan = some(plain);
		struct redirect_plan other = some(changed);
		CLEANUP(nft_rules_release) struct nft_rules rules = {0};
		CLEANUP(nft_rules_release) struct nft_rules other_rules = {0};
		CLEANUP(nft_content_release) struct nft_content expected = build(&plan, &rules);
		struct err err = {0};

		CHANGES[i].change(other.rules, &other.count);
		CLEANUP(nft_content_release)
		struct nft_content found = build(&other, &other_rules);
		int r = nft_content_compare(&expected, &rules, &found, &err);
		ASSERT_ROW(CHANGES[i].name, r == (CHANGES[i].difference != NULL ? -EUCLEAN : 0));
		ASSERT_TEXT(CHANGES[i].name, err.msg,
			    CHANGES[i].difference != NULL ? CHANGES[i].difference : "");
	}
}

/* What is wanted is nothing, and something is there. */
static void test_compare_with_nothing(void)
{
	struct plan_rule plain[SOME_COUNT + 1];
	const struct redirect_plan plan = some(plain);
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_rules_release) struct nft_rules none = {0};
	CLEANUP(nft_content_release) struct nft_content found = build(&plan, &rules);
	CLEANUP(nft_content_release) struct nft_content expected = build(&NOTHING, &none);
	struct err err;

	CU_ASSERT(!expected.is_there && expected.count == 0);
	CU_ASSERT_EQUAL(nft_content_compare(&expected, &none, &found, &err), -EUCLEAN);
	ASSERT_TEXT("there", err.msg, "the table inet sidewire is there");
}

/* What the kernel tells besides is left out, and what is kept is enough to compare. */
static void test_told_by_the_kernel(void)
{
	struct plan_rule plain[SOME_COUNT + 1];
	const struct redirect_plan plan = some(plain);
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_content_release) struct nft_content expected = build(&plan, &rules);
	CLEANUP(nft_content_release) struct nft_content found = {.is_there = true};
	struct err err = {0};

	for (size_t i = 0; i < expected.count; i++) {
		CLEANUP(strbuf_release) struct strbuf told = STRBUF_INIT;
		struct nft_rest attributes = nft_content_attributes(&expected, i);

		nft_put_u32(&told, NFTA_RULE_POSITION_ID, 7);
		nft_put_u32(&told, 40, 7);
		strbuf_append(&told, (const char *)attributes.bytes, attributes.length);
		CU_ASSERT(
			nft_content_add(&found, expected.objects[i].kind,
					(struct nft_rest){(const uint8_t *)told.data, told.length},
					&err) == 0);
	}
	CU_ASSERT_EQUAL(nft_content_compare(&expected, &rules, &found, &err), 0);
	ASSERT_TEXT("no difference", err.msg, "");
}

/* A set of more elements than a message tells of, compared with one that differs in the last. */
static void test_many_elements(void)
{
	static struct plan_rule many[MANY];
	const struct redirect_plan plan = {.rules = many, .count = MANY};
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_rules_release) struct nft_rules other_rules = {0};
	struct err err;

	for (size_t i = 0; i < MANY; i++)
		many[i] = (struct plan_rule){
			.families = PLAN_V4,
			.has_source = true,
			.source = {false, 32, {10, (uint8_t)(i / 100), (uint8_t)(i % 100 * 2)}}};
	CLEANUP(nft_content_release) struct nft_content expected = build(&plan, &rules);
	CU_ASSERT_EQUAL(expected.count - expected.rule_count, 2 + 1 + 3);
	many[MANY - 1].source.addr_be[3] = 1;
	CLEANUP(nft_content_release) struct nft_content found = build(&plan, &other_rules);
	CU_ASSERT_EQUAL(nft_content_compare(&expected, &rules, &expected, &err), 0);
	CU_ASSERT_EQUAL(nft_content_compare(&expected, &rules, &found, &err), -EUCLEAN);
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_content_release) struct nft_content content = {0};
	int r = nft_rules_build(input, PLAN_BOTH, &rules, err);

	if (r == 0)
		r = nft_content_build(&rules, &content, err);
	return r < 0 ? r : nft_content_compare(&content, &rules, &content, err);
}

static void test_without_memory(void)
{
	struct plan_rule plain[SOME_COUNT + 1];
	const struct redirect_plan plan = some(plain);

	alloc_fail_sweep("built and compared", attempt, &plan);
}

static CU_TestInfo tests[] = {
	{"expressions of a rule", test_expressions},
	{"without a proxy", test_without_proxy},
	{"a chain without rules", test_empty_chain},
	{"elements of a set", test_elements},
	{"the first difference is named", test_compare},
	{"compared with nothing", test_compare_with_nothing},
	{"as the kernel tells it", test_told_by_the_kernel},
	{"many elements", test_many_elements},
	{"without memory", test_without_memory},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/nft_content", tests)
