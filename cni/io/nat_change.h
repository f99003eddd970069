/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One family's half of a change: from our part of its nat table as it is to what it shall be, and
 * back. */
#ifndef SIDEWIRE_CNI_NAT_CHANGE_H
#define SIDEWIRE_CNI_NAT_CHANGE_H

#include "cni/core/ipt_rules.h"
#include "cni/io/nat_table.h"
#include "common/base/err.h"

struct nat_change {
	enum plan_family family;
	struct ipt_rules wanted; /* owned; empty: nothing of ours */
	struct nat_table *table; /* owned; read, and changed in memory */
	struct ipt_rules before; /* owned; our part as it was read */
};

/*
 * Reads the table and makes the change in memory; the caller has set `family` and `wanted`. What an
 * earlier call has read stays on failure: it is what nat_change_undo() goes back to. Errors are
 * those of nat_table_open(), nat_table_take_ours() and nat_table_put().
 */
int nat_change_prepare(struct nat_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Writes what was prepared. If someone else has changed the table meanwhile it is prepared anew, a
 * few times. Errors are those of nat_table_commit() and nat_change_prepare().
 */
int nat_change_commit(struct nat_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes our part of the table what it was before the change, once, after a commit that succeeded or
 * failed. Foreign rules stay as they are. Errors as above.
 */
int nat_change_undo(struct nat_change *change, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees everything. For CLEANUP(). */
void nat_change_release(struct nat_change *change) __attribute__((nonnull));

#endif
