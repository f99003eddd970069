/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/ipt_change.h"

#include <errno.h>

#include "common/base/cleanup.h"

/* A table that someone else keeps changing is left to him in the end. */
enum { COMMIT_ATTEMPTS = 5 };

/* Forgets what was read. */
static void forget(struct ipt_change *change)
{
	ipt_table_free(TAKE(change->table));
	ipt_rules_release(&change->before);
	foreign_list_release(&change->foreign);
}

int ipt_change_prepare(struct ipt_change *change, struct err *err)
{
	CLEANUP(ipt_table_freep) struct ipt_table *table = NULL;
	CLEANUP(ipt_rules_release) struct ipt_rules before = {0};
	CLEANUP(foreign_list_release) struct foreign_list foreign = {0};
	int r = ipt_table_open(change->wanted.table, change->wanted.family, &table, err);

	if (r == 0)
		r = ipt_table_list_foreign(table, &foreign, err);
	if (r == 0)
		r = ipt_table_take_ours(table, &before, err);
	if (r == 0)
		r = ipt_table_put(table, &change->wanted, err);
	if (r < 0)
		return r;
	forget(change);
	change->table = TAKE(table);
	change->before = before;
	before = (struct ipt_rules){0};
	change->foreign = foreign;
	foreign = (struct foreign_list){0};
	return 0;
}

int ipt_change_commit(struct ipt_change *change, struct err *err)
{
	int r = ipt_table_commit(change->table, &change->wanted, err);

	for (int attempt = 1; r == -EAGAIN && attempt < COMMIT_ATTEMPTS; attempt++) {
		r = ipt_change_prepare(change, err);
		if (r == 0)
			r = ipt_table_commit(change->table, &change->wanted, err);
	}
	return r;
}

int ipt_change_undo(struct ipt_change *change, struct err *err)
{
	CLEANUP(ipt_change_release)
	struct ipt_change back = {.wanted = change->before};
	struct err difference;

	change->before = (struct ipt_rules){0};
	int r = ipt_change_prepare(&back, err);
	if (r < 0 || ipt_rules_compare(&back.wanted, &back.before, &difference) == 0)
		return r;
	return ipt_change_commit(&back, err);
}

void ipt_change_release(struct ipt_change *change)
{
	forget(change);
	ipt_rules_release(&change->wanted);
}
