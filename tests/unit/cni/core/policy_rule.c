/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/policy_rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "tests/unit/suite.h"

enum { SOMEBODYS = 200 }; /* a routing table */

static const struct {
	const char *name;
	struct policy_rule rule;
	bool is_shadowing; /* of PLAN_MARK_OUTBOUND, 0x51de0001 */
} ROWS[] = {
	{"for everything", {.action = FR_ACT_TO_TBL, .table = SOMEBODYS}, true},
	{"that everything is unreachable", {.action = FR_ACT_UNREACHABLE}, true},
	{"that everything is a black hole", {.action = FR_ACT_BLACKHOLE}, true},
	{"that everything is prohibited", {.action = FR_ACT_PROHIBIT}, true},
	{"that does nothing", {.action = FR_ACT_NOP}, false},
	{"to the local table", {.action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL}, false},
	{"to our table", {.action = FR_ACT_TO_TBL, .table = PLAN_ROUTE_TABLE}, false},
	{"past ours", {.action = FR_ACT_GOTO, .target = PLAN_ROUTE_PRIORITY + 1}, true},
	{"up to ours", {.action = FR_ACT_GOTO, .target = PLAN_ROUTE_PRIORITY}, false},
	{"for others' business",
	 {.action = FR_ACT_TO_TBL, .table = SOMEBODYS, .has_selectors = true},
	 false},
	{"for our mark",
	 {.action = FR_ACT_TO_TBL,
	  .table = SOMEBODYS,
	  .mark = PLAN_MARK_OUTBOUND,
	  .mask = UINT32_MAX},
	 true},
	{"for our mark and more",
	 {.action = FR_ACT_TO_TBL,
	  .table = SOMEBODYS,
	  .mark = PLAN_MARK_OUTBOUND,
	  .mask = UINT32_MAX,
	  .has_selectors = true},
	 true},
	{"for a bit of our mark",
	 {.action = FR_ACT_TO_TBL, .table = SOMEBODYS, .mark = 1, .mask = 3},
	 true},
	{"for no bit of our mark",
	 {.action = FR_ACT_TO_TBL, .table = SOMEBODYS, .mark = 0, .mask = 1},
	 false},
	{"for the other mark of ours",
	 {.action = FR_ACT_TO_TBL, .table = SOMEBODYS, .mark = PLAN_MARK_BACK, .mask = UINT32_MAX},
	 false},
	{"for all but our mark",
	 {.action = FR_ACT_TO_TBL,
	  .table = SOMEBODYS,
	  .is_inverted = true,
	  .mark = PLAN_MARK_OUTBOUND,
	  .mask = UINT32_MAX},
	 false},
	{"for all but another mark",
	 {.action = FR_ACT_TO_TBL,
	  .table = SOMEBODYS,
	  .is_inverted = true,
	  .mark = 7,
	  .mask = UINT32_MAX},
	 true},
	{"for all but another mark and more",
	 {.action = FR_ACT_TO_TBL,
	  .table = SOMEBODYS,
	  .is_inverted = true,
	  .has_selectors = true,
	  .mark = 7,
	  .mask = UINT32_MAX},
	 true},
	{"for all but others' business",
	 {.action = FR_ACT_TO_TBL, .table = SOMEBODYS, .is_inverted = true, .has_selectors = true},
	 false},
	{"for nothing", {.action = FR_ACT_TO_TBL, .table = SOMEBODYS, .is_inverted = true}, false},
};

static void test_shadows(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		ASSERT_ROW(ROWS[i].name, policy_rule_shadows(&ROWS[i].rule, PLAN_MARK_OUTBOUND) ==
						 ROWS[i].is_shadowing);
}

static CU_TestInfo tests[] = {
	{"what shadows ours", test_shadows},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/policy_rule", tests)
