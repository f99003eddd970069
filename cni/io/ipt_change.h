/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table's part of a change: from what is ours in it to what it shall be, and back. */
#ifndef SIDEWIRE_CNI_IPT_CHANGE_H
#define SIDEWIRE_CNI_IPT_CHANGE_H

#include "cni/core/ipt_rules.h"
#include "cni/io/ipt_table.h"
#include "common/base/err.h"

struct ipt_change {
	struct ipt_rules wanted;     /* owned; says which table; empty: nothing of ours */
	struct ipt_table *table;     /* owned; read, and changed in memory */
	struct ipt_rules before;     /* owned; our part as it was read */
	struct foreign_list foreign; /* owned; the chains of ipt_table_list_foreign() */
};

/*
 * Reads the table and makes the change in memory; the caller has set `wanted`. What an
 * earlier call has read stays on failure: it is what ipt_change_undo() goes back to. Errors are
 * those of ipt_table_open(), ipt_table_list_foreign(), ipt_table_take_ours() and ipt_table_put().
 */
int ipt_change_prepare(struct ipt_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Writes what was prepared. If someone else has changed the table meanwhile it is prepared anew, a
 * few times. Errors are those of ipt_table_commit() and ipt_change_prepare().
 */
int ipt_change_commit(struct ipt_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes our part of the table what it was before the change, once, after a commit that succeeded or
 * failed. Foreign rules stay as they are. Errors as above.
 */
int ipt_change_undo(struct ipt_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees everything. For CLEANUP(). */
void ipt_change_release(struct ipt_change *change) __attribute__((nonnull));

#endif
