/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How marked packets find lo, in the network namespace that the process is in: a policy rule for
 * each mark and family (`fwmark MARK lookup PLAN_ROUTE_TABLE pref PLAN_ROUTE_PRIORITY`), in that
 * table one route of each family (`local default dev lo`), and the sysctls of mark_accept.h. A
 * change leads from what is there to what a plan asks for, and back.
 *
 * What is ours is known by the numbers: every policy rule of that priority and table, and every
 * route of the table. The policy rules come first and go last: as long as one is there, so may be
 * the rest.
 */
#ifndef SIDEWIRE_CNI_ROUTE_CHANGE_H
#define SIDEWIRE_CNI_ROUTE_CHANGE_H

#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

struct route_change;
struct rtnetlink;

/* Reads what is there. `families` are those that are programmed. The change borrows the
 * conversation. The caller frees *ret_change. -ENOMEM; -EIO; what mark_accept_read() says. */
int route_change_prepare(const struct redirect_plan *plan, enum plan_family families,
			 struct rtnetlink *rtnetlink, struct route_change **ret_change,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/* Compares what was there with what is wanted: -EUCLEAN at the first difference, in words; -EIO. */
int route_change_compare(const struct route_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Adds what is wanted and not there. lo is set up for it, and stays so: IPv6 takes no route on an
 * interface that is down, and a runtime may set it up at the same time or later. IPv6 routes are
 * left out where IPv6 is disabled on lo. -EIO; what mark_accept_write() says.
 */
int route_change_add(const struct route_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Removes what was there and is not wanted; the sysctls that are ours go back to 0 before the last
 * policy rule. -EIO; what mark_accept_write() says. */
int route_change_remove_stale(const struct route_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Makes all what it was when the change was prepared. Goes on after a failure, and reports the
 * first. -ENOMEM; -EIO; what mark_accept_write() says. */
int route_change_undo(const struct route_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees a change, or nothing for NULL. */
void route_change_free(struct route_change *change);

/* route_change_free() for CLEANUP(). */
static inline void route_change_freep(struct route_change **change)
{
	route_change_free(*change);
}

#endif
