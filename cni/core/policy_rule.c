/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/policy_rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

/* Whether a packet that it is for goes on to what is not ours. */
static bool is_end(const struct policy_rule *rule)
{
	switch (rule->action) {
	case FR_ACT_TO_TBL:
		return rule->table != RT_TABLE_LOCAL && rule->table != PLAN_ROUTE_TABLE;
	case FR_ACT_GOTO:
		return rule->target > PLAN_ROUTE_PRIORITY;
	case FR_ACT_BLACKHOLE:
	case FR_ACT_UNREACHABLE:
	case FR_ACT_PROHIBIT:
		return true;
	default:
		return false;
	}
}

bool policy_rule_shadows(const struct policy_rule *rule, uint32_t mark)
{
	bool is_for_mark = (mark & rule->mask) == rule->mark;

	if (!is_end(rule))
		return false;
	/* What it asks for besides does not matter when the mark is another already. */
	if (rule->is_inverted)
		return !is_for_mark;
	return rule->mask != 0 ? is_for_mark : !rule->has_selectors;
}
