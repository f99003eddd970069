/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy rules of others, and whether they shadow ours, which lead packets with a mark to lo
 * (redirect_plan.h, PLAN_ROUTE_PRIORITY).
 *
 * Policy rules are asked by their priority, and the first that leads anywhere ends it. One that is
 * asked before ours shadows it if it asks for a mark that ours have, whatever else it asks for, or
 * if it asks for nothing at all; an inverted one if it asks for a mark that ours have not, since
 * then it is for all of ours. Which routes are in its table is not looked at. One that asks for
 * addresses, interfaces, ports or users and no mark is somebody's own business, as those of Multus
 * or a cloud's plugin; the kernel's own, which leads to the table of local addresses, takes nothing
 * that is not on lo anyway, and what leads where ours do is welcome to.
 */
#ifndef SIDEWIRE_CNI_POLICY_RULE_H
#define SIDEWIRE_CNI_POLICY_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "cni/core/redirect_plan.h"

struct policy_rule {
	enum plan_family family; /* PLAN_V4 or PLAN_V6 */
	uint32_t priority;
	uint8_t action;     /* linux/fib_rules.h, FR_ACT_... */
	uint32_t table;     /* of FR_ACT_TO_TBL */
	uint32_t target;    /* of FR_ACT_GOTO: the priority at which it goes on */
	bool is_inverted;   /* it is for what it does not ask for */
	bool has_selectors; /* it asks for something else than a mark */
	uint32_t mark;
	uint32_t mask; /* 0: it asks for no mark */
};

/* Whether it takes packets with that mark away from a rule of ours that is asked after it. */
bool policy_rule_shadows(const struct policy_rule *rule, uint32_t mark) __attribute__((nonnull));

#endif
