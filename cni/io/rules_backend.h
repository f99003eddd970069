/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs the rules of a plan in the network namespace that the process is in: libiptc
 * (ip_tables, ip6_tables) or nftables. One change at a time: it is prepared, which writes nothing;
 * compared, or committed; and a commit, succeeded or failed, can be undone.
 *
 * Addresses on lo, policy rules, routes and sysctls are not its business: redirect_apply has them.
 */
#ifndef SIDEWIRE_CNI_RULES_BACKEND_H
#define SIDEWIRE_CNI_RULES_BACKEND_H

#include <stdbool.h>

#include "cni/core/foreign_chain.h"
#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

struct rules_change;

/* What a change shall lead to. */
struct rules_goal {
	const struct redirect_plan *plan; /* borrowed until the change is freed; without rules:
					     nothing of ours */
	enum plan_family families;        /* that are programmed; of the others nothing is kept */
	enum plan_family gate_family; /* PLAN_V4 or PLAN_V6: at which the gate is asked; its table
					 is committed last, but for tables that lose
					 chains */
	bool is_alone;                /* another mesh's chains are not to be there */
};

struct rules_backend {
	const char *name; /* "iptables" or "nftables" */

	/* Whether something of ours is in force by this backend, for a person to know: false also
	 * where that could not be found out. Makes no table for it. */
	bool (*is_used)(void);

	/*
	 * Reads what is in force of ours, and makes the change in memory. The caller frees
	 * *ret_change. -EEXIST: another mesh's chains are there, named, where the goal is to be
	 * alone. -EAFNOSUPPORT, -ENOPROTOOPT or -ENOENT: the kernel has it not for one of the
	 * families, with what is missing and what to load (not where nothing is wanted there).
	 * -EPERM; -ENOMEM; -EIO.
	 */
	int (*prepare)(const struct rules_goal *goal, struct rules_change **ret_change,
		       struct err *err);

	/* Compares what was in force with the goal. -EUCLEAN at the first difference, with a
	 * message that names family, table, chain, rule number (from 1) and the rule expected. */
	int (*compare)(const struct rules_change *change, struct err *err);

	/* Adds the chains of others that netfilter asks where it asks ours, of both families, and
	 * that the backend can read. -EAGAIN: someone else keeps changing the rules. -EPERM;
	 * -ENOMEM; -EIO. */
	int (*list_foreign)(const struct rules_change *change, struct foreign_list *list,
			    struct err *err);

	/* Writes it. -ENOENT: the kernel lacks a match or a target, which the message names.
	 * -EAGAIN: someone else keeps changing the rules. A failure may have written a part; where
	 * the goal is nothing it goes on after one, and reports the first. */
	int (*commit)(struct rules_change *change, struct err *err);

	/* Makes what is ours what it was when the change was prepared; foreign rules stay as they
	 * are. */
	int (*undo)(struct rules_change *change, struct err *err);

	/* Frees a change, or nothing for NULL. */
	void (*free)(struct rules_change *change);
};

extern const struct rules_backend IPTABLES_BACKEND;
extern const struct rules_backend NFTABLES_BACKEND;

#endif
