/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our part of a table, built and compared (ipt_rules, ipt_compare). */
#include "cni/core/ipt_rules.h"

#include <errno.h>
#include <string.h>

#include "cni/core/ipt_view.h"
#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

/* Chains with rules of one family, of both, and of none. */
static struct plan_rule plan_rules[] = {
	{.chain = PLAN_CHAIN_INBOUND, .families = PLAN_V4, .protocol = PLAN_TCP},
	{.chain = PLAN_CHAIN_INBOUND, .families = PLAN_BOTH, .verdict = PLAN_REDIRECT, .port = 1},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_V6,
	 .out_interface = {"lo"},
	 .has_source = true,
	 .source = {true, 128, {[15] = 6}}},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_V6,
	 .verdict = PLAN_GOTO,
	 .target_chain = PLAN_CHAIN_PROXY},
	{.chain = PLAN_CHAIN_PROXY, .families = PLAN_V6, .out_interface = {"lo"}},
};

static const struct redirect_plan PLAN = {.rules = plan_rules,
					  .count = sizeof(plan_rules) / sizeof(*plan_rules)};

static struct ipt_rules build_of(const struct redirect_plan *plan, enum plan_table table,
				 enum plan_family family)
{
	struct ipt_rules rules = {0};
	struct err err;

	CU_ASSERT_FATAL(ipt_rules_build(plan, table, family, &rules, &err) == 0);
	return rules;
}

static struct ipt_rules build(enum plan_family family)
{
	return build_of(&PLAN, PLAN_TABLE_NAT, family);
}

static const char *target_of(const struct ipt_rules *rules, const struct ipt_rule *rule)
{
	struct ipt_extension extension = {.name = ""};
	size_t offset = 0;

	while (ipt_entry_next_extension(rule->entry, rules->family, &offset, &extension))
		;
	return extension.name;
}

/* "[CHAIN CHAIN] CHAIN:1>TARGET ...": the chains, and each rule's place and target. */
static void check_build_of(const struct redirect_plan *plan, enum plan_table table,
			   enum plan_family family, const char *expected)
{
	CLEANUP(ipt_rules_release) struct ipt_rules rules = build_of(plan, table, family);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	strbuf_puts(&out, "[");
	for (size_t i = 0; i < rules.chain_count; i++)
		strbuf_printf(&out, "%s%s", i > 0 ? " " : "", rules.chains[i].name);
	strbuf_puts(&out, "]");
	for (size_t i = 0; i < rules.rule_count; i++) {
		const struct ipt_rule *rule = &rules.rules[i];

		strbuf_printf(&out, "\n%s:%u>%s", rule->chain.name, rule->position,
			      target_of(&rules, rule));
	}
	ASSERT_TEXT(ipt_family_name(family), out.data, expected);
}

static void check_build(enum plan_family family, const char *expected)
{
	check_build_of(&PLAN, PLAN_TABLE_NAT, family, expected);
}

static void test_build(void)
{
	check_build(PLAN_V4, "[SIDEWIRE_INBOUND]\n"
			     "SIDEWIRE_INBOUND:0>RETURN\n"
			     "SIDEWIRE_INBOUND:1>REDIRECT\n"
			     "PREROUTING:0>SIDEWIRE_INBOUND");
	check_build(PLAN_V6, "[SIDEWIRE_INBOUND SIDEWIRE_OUTBOUND SIDEWIRE_PROXY]\n"
			     "SIDEWIRE_INBOUND:0>REDIRECT\n"
			     "PREROUTING:0>SIDEWIRE_INBOUND\n"
			     "SIDEWIRE_OUTBOUND:0>RETURN\n"
			     "SIDEWIRE_OUTBOUND:1>SIDEWIRE_PROXY\n"
			     "OUTPUT:0>SIDEWIRE_OUTBOUND\n"
			     "SIDEWIRE_PROXY:0>RETURN");
}

/* A table has the rules of its own chains, and a rule for each type of ICMP. */
static void test_build_filter(void)
{
	static struct plan_rule rules_of_two_tables[] = {
		{.chain = PLAN_CHAIN_INVALID, .families = PLAN_BOTH, .verdict = PLAN_DROP},
		{.chain = PLAN_CHAIN_NON_TCP, .families = PLAN_BOTH, .out_interface = {"lo"}},
		{.chain = PLAN_CHAIN_NON_TCP,
		 .families = PLAN_V4,
		 .protocol = PLAN_ICMP,
		 .icmp_count = 3,
		 .icmp_types = {3, 11, 12}},
		{.chain = PLAN_CHAIN_NON_TCP, .families = PLAN_BOTH, .verdict = PLAN_REJECT},
		{.chain = PLAN_CHAIN_INBOUND, .families = PLAN_BOTH},
	};
	static const struct redirect_plan plan = {
		.rules = rules_of_two_tables,
		.count = sizeof(rules_of_two_tables) / sizeof(*rules_of_two_tables),
	};

	check_build_of(&plan, PLAN_TABLE_FILTER, PLAN_V4,
		       "[SIDEWIRE_INVALID SIDEWIRE_NON_TCP]\n"
		       "SIDEWIRE_INVALID:0>DROP\n"
		       "INPUT:0>SIDEWIRE_INVALID\n"
		       "SIDEWIRE_NON_TCP:0>RETURN\n"
		       "SIDEWIRE_NON_TCP:1>RETURN\n"
		       "SIDEWIRE_NON_TCP:2>RETURN\n"
		       "SIDEWIRE_NON_TCP:3>RETURN\n"
		       "SIDEWIRE_NON_TCP:4>REJECT\n"
		       "OUTPUT:0>SIDEWIRE_NON_TCP");
	check_build_of(&plan, PLAN_TABLE_RAW, PLAN_V4, "[]");
}

static void add_jump(struct ipt_rules *rules, const char *hook, unsigned int position,
		     const char *chain)
{
	CLEANUP(freep) void *entry = NULL;
	struct err err;

	CU_ASSERT_FATAL(ipt_entry_encode_jump(chain, rules->family, &entry, &err) == 0);
	CU_ASSERT_FATAL(ipt_rules_add(rules, hook, position, &entry, NULL, &err) == 0);
}

static void add_chain(struct ipt_rules *rules, const char *name)
{
	struct err err;

	CU_ASSERT_FATAL(ipt_rules_add_chain(rules, name, &err) == 0);
}

static void nothing(struct ipt_rules *rules)
{
	(void)rules;
}

static void lose_everything(struct ipt_rules *rules)
{
	ipt_rules_release(rules);
	rules->table = PLAN_TABLE_NAT;
	rules->family = PLAN_V6;
}

static void lose_last_chain(struct ipt_rules *rules)
{
	rules->chain_count--;
}

static void gain_chain(struct ipt_rules *rules)
{
	add_chain(rules, "SIDEWIRE_OLD");
}

static void lose_last_rule(struct ipt_rules *rules)
{
	free(rules->rules[--rules->rule_count].entry);
}

static void gain_rule(struct ipt_rules *rules)
{
	add_jump(rules, "SIDEWIRE_PROXY", 1, "SIDEWIRE_INBOUND");
}

static void swap_rules(struct ipt_rules *rules)
{
	void *entry = rules->rules[2].entry;

	rules->rules[2].entry = rules->rules[3].entry;
	rules->rules[3].entry = entry;
}

static void move_jump(struct ipt_rules *rules)
{
	rules->rules[1].position = 7;
}

static void shadow(struct ipt_rules *rules)
{
	rules->is_shadowed = true;
	rules->shadow = (struct ipt_shadow){{"PREROUTING"}, 2, {"ACCEPT"}, {"SIDEWIRE_INBOUND"}};
}

static void rename_hook(struct ipt_rules *rules)
{
	memcpy(rules->rules[1].chain.name, "POSTROUTING", sizeof("POSTROUTING"));
}

static void gain_jump(struct ipt_rules *rules)
{
	add_jump(rules, "MINE", 3, "SIDEWIRE_PROXY");
}

static const struct {
	const char *name;
	void (*change)(struct ipt_rules *rules); /* to what is in force */
	const char *difference;                  /* NULL: none */
} changes[] = {
	{"nothing", nothing, NULL},
	{"a jump elsewhere in its hook", move_jump, NULL},
	{"a foreign rule before a jump", shadow,
	 "IPv6 nat: rule 3 of PREROUTING, ACCEPT, stands before the jump to SIDEWIRE_INBOUND"},
	{"everything lost", lose_everything, "IPv6 nat: chain SIDEWIRE_INBOUND is missing"},
	{"a chain lost", lose_last_chain, "IPv6 nat: chain SIDEWIRE_PROXY is missing"},
	{"a chain gained", gain_chain, "IPv6 nat: chain SIDEWIRE_OLD is one too many"},
	{"a rule lost", lose_last_rule,
	 "IPv6 nat: rule 1 of SIDEWIRE_PROXY is missing, expected: -A SIDEWIRE_PROXY -o lo -j "
	 "RETURN"},
	{"a rule gained", gain_rule, "IPv6 nat: rule 2 of SIDEWIRE_PROXY is one too many"},
	{"rules swapped", swap_rules,
	 "IPv6 nat: rule 1 of SIDEWIRE_OUTBOUND is another, expected: -A SIDEWIRE_OUTBOUND -s ::6 "
	 "-o "
	 "lo -j RETURN"},
	{"a jump in another hook", rename_hook,
	 "IPv6 nat: the jump from PREROUTING to SIDEWIRE_INBOUND is missing"},
	{"a jump gained", gain_jump,
	 "IPv6 nat: the jump from MINE to SIDEWIRE_PROXY is not expected"},
};

static void test_compare(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		CLEANUP(ipt_rules_release) struct ipt_rules expected = build(PLAN_V6);
		CLEANUP(ipt_rules_release) struct ipt_rules found = build(PLAN_V6);
		struct err err = {0};

		changes[i].change(&found);
		int r = ipt_rules_compare(&expected, &found, &err);
		ASSERT_ROW(changes[i].name, r == (changes[i].difference != NULL ? -EUCLEAN : 0));
		ASSERT_TEXT(changes[i].name, err.msg,
			    changes[i].difference != NULL ? changes[i].difference : "");
	}
}

static void test_names(void)
{
	CU_ASSERT(ipt_chain_is_ours("SIDEWIRE_INBOUND"));
	CU_ASSERT(ipt_chain_is_ours("SIDEWIRE_"));
	CU_ASSERT(!ipt_chain_is_ours("SIDEWIRE"));
	CU_ASSERT(!ipt_chain_is_ours("OUTPUT"));
	CU_ASSERT(ipt_target_is_end("ACCEPT") && ipt_target_is_end("REDIRECT"));
	CU_ASSERT(!ipt_target_is_end("LOG") && !ipt_target_is_end("KUBE-SERVICES"));
	CU_ASSERT(!ipt_target_is_end("") && !ipt_target_is_end("SIDEWIRE_INBOUND"));
	ASSERT_TEXT("mesh", ipt_chain_mesh("ISTIO_IN_REDIRECT"), "Istio");
	ASSERT_TEXT("mesh", ipt_chain_mesh("PROXY_INIT_OUTPUT"), "Linkerd");
	CU_ASSERT(ipt_chain_mesh("SIDEWIRE_INBOUND") == NULL);
}

static int attempt_build(const void *input, struct err *err)
{
	CLEANUP(ipt_rules_release) struct ipt_rules rules = {0};

	return ipt_rules_build(input, PLAN_TABLE_NAT, PLAN_V6, &rules, err);
}

static void test_without_memory(void)
{
	alloc_fail_sweep("build", attempt_build, &PLAN);
}

static void test_lost_chains(void)
{
	CLEANUP(ipt_rules_release) struct ipt_rules fewer = build(PLAN_V4);
	CLEANUP(ipt_rules_release) struct ipt_rules more = build(PLAN_V6);
	const struct ipt_rules none = {.chains = NULL};

	CU_ASSERT(ipt_rules_lose_chain(&more, &fewer) && ipt_rules_lose_chain(&fewer, &none));
	CU_ASSERT(!ipt_rules_lose_chain(&fewer, &more) && !ipt_rules_lose_chain(&none, &more));
	CU_ASSERT(!ipt_rules_lose_chain(&more, &more));
}

static CU_TestInfo tests[] = {
	{"built of a plan", test_build},
	{"a table of it, and types of ICMP", test_build_filter},
	{"the first difference is named", test_compare},
	{"chains that are lost", test_lost_chains},
	{"whose chain it is", test_names},
	{"without memory", test_without_memory},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/ipt_rules", tests)
