/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which the kernel asks policy rules of ours and of others, in the network namespace
 * that the process is in. */
#ifndef SIDEWIRE_CNI_POLICY_ORDER_H
#define SIDEWIRE_CNI_POLICY_ORDER_H

#include "cni/core/redirect_plan.h"
#include "cni/io/rtnetlink.h"
#include "common/base/err.h"

/* Whether none of others (policy_rule.h) shadows those that the plan has in these families, which
 * are there. -EBUSY at the first that does, in words; -EIO. */
int policy_order_check(const struct redirect_plan *plan, enum plan_family families,
		       struct rtnetlink *rtnetlink, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
