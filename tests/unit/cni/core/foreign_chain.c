/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/foreign_chain.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

enum { RAW = -300, MANGLE = -150, NAT = -100, FILTER = 0 }; /* priorities of iptables' tables */

static struct plan_rule RULES[] = {
	{.chain = PLAN_CHAIN_ZONE_OUT, .families = PLAN_BOTH},
	{.chain = PLAN_CHAIN_TPROXY, .families = PLAN_V4},
	{.chain = PLAN_CHAIN_TPROXY, .families = PLAN_V6},
	{.chain = PLAN_CHAIN_INVALID, .families = PLAN_BOTH},
	{.chain = PLAN_CHAIN_NON_TCP, .families = PLAN_BOTH},
	{.chain = PLAN_CHAIN_OUTBOUND, .families = PLAN_V6},
	{.chain = PLAN_CHAIN_OUTBOUND, .families = PLAN_V6},
	{.chain = PLAN_CHAIN_PROXY, .families = PLAN_V6},
};
static const struct redirect_plan PLAN = {.rules = RULES, .count = sizeof(RULES) / sizeof(*RULES)};

/* A chain of both families with one rule, the third, that ends it so. */
#define CHAIN(at_hook, at_priority, end, ...)                                                   \
	{                                                                                       \
		.family_name = "inet", .table = "t", .name = "c", .families = PLAN_BOTH,        \
		.hook = (at_hook), .priority = (at_priority), .rules = {[end] = 3}, __VA_ARGS__ \
	}

static const struct {
	const char *name;
	struct foreign_chain chain;
	const char *shadowed; /* what is said; NULL: none */
} ROWS[] = {
	{"nat before nat", CHAIN(NF_INET_LOCAL_OUT, NAT - 1, FOREIGN_NAT, .is_nat = true),
	 "inet t: rule 3 of chain c translates before SIDEWIRE_OUTBOUND is asked"},
	{"nat behind nat", CHAIN(NF_INET_LOCAL_OUT, NAT + 1, FOREIGN_NAT, .is_nat = true), NULL},
	{"younger nat", CHAIN(NF_INET_LOCAL_OUT, NAT, FOREIGN_NAT, .is_nat = true),
	 "inet t: rule 3 of chain c translates before SIDEWIRE_OUTBOUND is asked"},
	{"older nat", CHAIN(NF_INET_LOCAL_OUT, NAT, FOREIGN_NAT, .is_nat = true, .is_older = true),
	 NULL},
	{"older nat of earlier priority",
	 CHAIN(NF_INET_LOCAL_OUT, NAT - 1, FOREIGN_NAT, .is_nat = true, .is_older = true),
	 "inet t: rule 3 of chain c translates before SIDEWIRE_OUTBOUND is asked"},
	{"nat at another hook", CHAIN(NF_INET_PRE_ROUTING, NAT - 1, FOREIGN_NAT, .is_nat = true),
	 NULL},
	{"nat that is asked when nat is",
	 CHAIN(NF_INET_PRE_ROUTING, MANGLE - 9, FOREIGN_DROP, .is_nat = true), NULL},
	{"a drop before raw", CHAIN(NF_INET_LOCAL_OUT, RAW - 1, FOREIGN_DROP),
	 "inet t: rule 3 of chain c drops before SIDEWIRE_ZONE_OUT is asked"},
	{"a drop before mangle", CHAIN(NF_INET_PRE_ROUTING, MANGLE, FOREIGN_DROP),
	 "inet t: rule 3 of chain c drops before SIDEWIRE_TPROXY is asked"},
	{"a drop before the other family's mangle",
	 {.family_name = "ip6",
	  .table = "t",
	  .name = "c",
	  .families = PLAN_V6,
	  .hook = NF_INET_PRE_ROUTING,
	  .priority = MANGLE,
	  .rules = {1}},
	 "ip6 t: rule 1 of chain c drops before SIDEWIRE_TPROXY is asked"},
	{"a drop before filter", CHAIN(NF_INET_LOCAL_IN, MANGLE - 1, FOREIGN_DROP), NULL},
	{"a drop before nat", CHAIN(NF_INET_LOCAL_OUT, MANGLE, FOREIGN_DROP),
	 "inet t: rule 3 of chain c drops before SIDEWIRE_OUTBOUND is asked"},
	{"a drop behind nat", CHAIN(NF_INET_LOCAL_OUT, FILTER, FOREIGN_DROP), NULL},
	{"no tracking before zones", CHAIN(NF_INET_LOCAL_OUT, RAW, FOREIGN_NOTRACK),
	 "inet t: rule 3 of chain c hides from conntrack before SIDEWIRE_ZONE_OUT is asked"},
	{"no tracking before nat", CHAIN(NF_INET_LOCAL_OUT, RAW, FOREIGN_NOTRACK, .is_older = true),
	 "inet t: rule 3 of chain c hides from conntrack before SIDEWIRE_OUTBOUND is asked"},
	{"no tracking before mangle", CHAIN(NF_INET_PRE_ROUTING, RAW, FOREIGN_NOTRACK), NULL},
	{"TPROXY before nat", CHAIN(NF_INET_LOCAL_OUT, MANGLE, FOREIGN_TPROXY),
	 "inet t: rule 3 of chain c takes by TPROXY before SIDEWIRE_OUTBOUND is asked"},
	{"TPROXY before mangle", CHAIN(NF_INET_PRE_ROUTING, RAW, FOREIGN_TPROXY), NULL},
	{"a policy",
	 {.family_name = "IPv6",
	  .table = "mangle",
	  .name = "OUTPUT",
	  .families = PLAN_V6,
	  .hook = NF_INET_LOCAL_OUT,
	  .priority = MANGLE,
	  .is_policy_drop = true},
	 "IPv6 mangle: the policy of chain OUTPUT drops before SIDEWIRE_OUTBOUND is asked"},
	{"the first of several",
	 {.family_name = "ip6",
	  .table = "t",
	  .name = "c",
	  .families = PLAN_V6,
	  .hook = NF_INET_LOCAL_OUT,
	  .priority = NAT - 1,
	  .rules = {4, 3, 2, 5},
	  .is_policy_drop = true},
	 "ip6 t: rule 2 of chain c takes by TPROXY before SIDEWIRE_OUTBOUND is asked"},
	{"the first of those that shadow",
	 {.family_name = "ip",
	  .table = "t",
	  .name = "c",
	  .families = PLAN_V4,
	  .hook = NF_INET_PRE_ROUTING,
	  .priority = MANGLE - 1,
	  .rules = {4, 3, 2, 1}},
	 "ip t: rule 4 of chain c drops before SIDEWIRE_TPROXY is asked"},
};

static void test_check(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(foreign_list_release) struct foreign_list list = {0};
		struct err err = {0};

		CU_ASSERT_FATAL(foreign_list_add(&list, &ROWS[i].chain, &err) == 0);
		int r = foreign_list_check(&list, &PLAN, PLAN_BOTH, &err);
		ASSERT_ROW(ROWS[i].name, r == (ROWS[i].shadowed != NULL ? -EBUSY : 0));
		ASSERT_TEXT(ROWS[i].name, err.msg,
			    ROWS[i].shadowed != NULL ? ROWS[i].shadowed : "");
	}
}

/* Of a family that is not programmed nothing is shadowed. */
static void test_families(void)
{
	CLEANUP(foreign_list_release) struct foreign_list list = {0};
	const struct foreign_chain chain =
		CHAIN(NF_INET_LOCAL_OUT, NAT - 1, FOREIGN_NAT, .is_nat = true);
	struct err err;

	CU_ASSERT_FATAL(foreign_list_add(&list, &chain, &err) == 0);
	CU_ASSERT_EQUAL(foreign_list_check(&list, &PLAN, PLAN_V6, &err), -EBUSY);
	CU_ASSERT_EQUAL(foreign_list_check(&list, &PLAN, PLAN_V4, &err), 0);
}

static void test_targets(void)
{
	static const struct {
		const char *target;
		uint8_t data[4];
		size_t data_size;
		int end; /* -1: none */
	} TARGETS[] = {
		{"DROP", {0}, 4, FOREIGN_DROP},
		{"REJECT", {0}, 4, FOREIGN_DROP},
		{"REDIRECT", {0}, 4, FOREIGN_NAT},
		{"DNAT", {0}, 4, FOREIGN_NAT},
		{"NETMAP", {0}, 4, FOREIGN_NAT},
		{"TPROXY", {0}, 4, FOREIGN_TPROXY},
		{"NOTRACK", {0}, 0, FOREIGN_NOTRACK},
		{"CT", {1}, 4, FOREIGN_NOTRACK},
		{"CT", {0, 0, 7}, 4, -1},
		{"CT", {1}, 1, -1},
		{"ACCEPT", {0}, 4, -1},
		{"RETURN", {0}, 4, -1},
		{"KUBE-SERVICES", {0}, 4, -1},
		{"MARK", {0}, 4, -1},
		{"", {0}, 4, -1},
	};

	for (size_t i = 0; i < sizeof(TARGETS) / sizeof(*TARGETS); i++) {
		struct foreign_chain chain = {0};

		foreign_chain_note_target(&chain, TARGETS[i].target, TARGETS[i].data,
					  TARGETS[i].data_size, 7);
		for (int end = 0; end < FOREIGN_END_COUNT; end++)
			ASSERT_ROW(TARGETS[i].target,
				   chain.rules[end] == (end == TARGETS[i].end ? 7 : 0));
	}
}

static void test_list(void)
{
	CLEANUP(foreign_list_release) struct foreign_list list = {0};
	struct err err;

	for (int32_t i = 0; i < 3; i++) {
		const struct foreign_chain chain = {.priority = i};

		CU_ASSERT_FATAL(foreign_list_add(&list, &chain, &err) == 0);
	}
	foreign_list_remove(&list, 1);
	foreign_list_remove(&list, 1);
	CU_ASSERT(list.count == 1 && list.items[0].priority == 0);
}

static void test_names(void)
{
	char name[FOREIGN_NAME_SIZE];
	char longer[FOREIGN_NAME_SIZE + 1] = {0};

	memset(longer, 'x', FOREIGN_NAME_SIZE);
	foreign_name_set(name, longer);
	CU_ASSERT_EQUAL(strlen(name), FOREIGN_NAME_SIZE - 1);
	foreign_name_set(name, "filter");
	ASSERT_TEXT("short", name, "filter");
}

static CU_TestInfo tests[] = {
	{"what shadows ours", test_check},
	{"families that are not programmed", test_families},
	{"targets", test_targets},
	{"a list", test_list},
	{"names", test_names},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/foreign_chain", tests)
