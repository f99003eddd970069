/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of a family in the network namespace that the process is in, by libiptc: read once,
 * changed in memory, written by one system call, all or nothing. The xtables lock is not taken: it
 * orders writers of one namespace, and a pod that is being made has one at a time. Of whoever comes
 * between nevertheless the kernel notices only what changes the number of rules (x_tables.c,
 * xt_replace_table): that makes the commit fail, all else is overwritten.
 */
#ifndef SIDEWIRE_CNI_IPT_TABLE_H
#define SIDEWIRE_CNI_IPT_TABLE_H

#include "cni/core/foreign_chain.h"
#include "cni/core/ipt_rules.h"
#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

struct ipt_table;

/*
 * Reads the table; one that the namespace has not is made. The caller frees *ret_table.
 * -EAFNOSUPPORT: the kernel has not this family. -ENOPROTOOPT: it has no ip_tables or ip6_tables.
 * -ENOENT: it has them without this table. -EPERM; -ENOMEM.
 */
int ipt_table_open(enum plan_table table, enum plan_family family, struct ipt_table **ret_table,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * The tables of the family that the namespace has by now, which can be known without making them: a
 * bit each, 1 << PLAN_TABLE_... . All of them where it cannot be known.
 */
unsigned int ipt_tables_present(enum plan_family family);

/*
 * -EEXIST, with its name, where the table has a chain of another mesh: two can not share a pod.
 * Chains that iptables-nft has made stand elsewhere: the backend of nftables sees them.
 */
int ipt_table_check_alone(const struct ipt_table *table, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Adds those of the table's built-in chains that are asked where ours may be and do anything there
 * (foreign_chain_does_anything()). The caller sets which are older than ours. -ENOMEM.
 */
int ipt_table_list_foreign(struct ipt_table *table, struct foreign_list *list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Takes our chains and the jumps to them out of the table in memory. The caller releases *ret_ours.
 * -ENOMEM.
 */
int ipt_table_take_ours(struct ipt_table *table, struct ipt_rules *ret_ours, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Puts chains and rules into the table in memory, from which ours were taken before. -ENOMEM; what
 * libiptc says.
 */
int ipt_table_put(struct ipt_table *table, const struct ipt_rules *rules, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Writes the table to the kernel; a table that was not changed is left alone. `expected` are the
 * rules that were put in: on -ENOENT the message names the match or target of theirs that the
 * kernel lacks. -EAGAIN: the table was changed by someone else since it was opened; open it anew.
 */
int ipt_table_commit(struct ipt_table *table, const struct ipt_rules *expected, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees a table, or nothing for NULL. What was not committed is lost. */
void ipt_table_free(struct ipt_table *table);

/* ipt_table_free() for CLEANUP(). */
static inline void ipt_table_freep(struct ipt_table **table)
{
	ipt_table_free(*table);
}

#endif
