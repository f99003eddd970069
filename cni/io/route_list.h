/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy rules and routes of ours, each as the message of rtnetlink(7) that tells of it: sent back
 * as it is it makes the thing or takes it away, whatever somebody has made of it.
 */
#ifndef SIDEWIRE_CNI_ROUTE_LIST_H
#define SIDEWIRE_CNI_ROUTE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "cni/core/redirect_plan.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

struct nl_msg;
struct rtnetlink;

struct route_list {
	struct nl_msg **items; /* owned; policy rules, then routes */
	size_t count;
};

/* What a plan asks for in these families. The caller releases the list, also on failure. -ENOMEM.
 */
int route_list_build(const struct redirect_plan *plan, enum plan_family families,
		     struct route_list *list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* What is there of ours. The caller releases the list, also on failure. -ENOMEM; -EIO. */
int route_list_read(struct rtnetlink *rtnetlink, struct route_list *list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether the list has a thing that does the same. */
bool route_list_has(const struct route_list *list, struct nl_msg *item) __attribute__((nonnull));

/* Whether it has a policy rule. */
bool route_list_has_rule(const struct route_list *list) __attribute__((nonnull));

/* Whether the thing is a route of IPv6: there can be none where that is disabled on lo. */
bool route_item_is_v6_route(struct nl_msg *item) __attribute__((nonnull));

/* Writes "IPv4: the policy rule for mark 0x51de0001" or "IPv6: the route in table 15998". */
void route_item_format(struct nl_msg *item, struct strbuf *out) __attribute__((nonnull));

/* Makes the thing; where it is there already, or IPv6 is disabled on lo, that is no failure. -EIO.
 */
int route_item_add(struct rtnetlink *rtnetlink, struct nl_msg *item, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Takes it away; where it is not there that is no failure. -EIO. */
int route_item_remove(struct rtnetlink *rtnetlink, struct nl_msg *item, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the messages; the list is empty afterwards. For CLEANUP(). */
void route_list_release(struct route_list *list) __attribute__((nonnull));

#endif
