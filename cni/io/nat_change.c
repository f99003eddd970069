/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/nat_change.h"

#include <errno.h>

#include "common/base/cleanup.h"

/* A table that someone else keeps changing is left to him in the end. */
enum { COMMIT_ATTEMPTS = 5 };

/* Forgets what was read. */
static void forget(struct nat_change *change)
{
	nat_table_free(TAKE(change->table));
	ipt_rules_release(&change->before);
}

int nat_change_prepare(struct nat_change *change, struct err *err)
{
	CLEANUP(nat_table_freep) struct nat_table *table = NULL;
	CLEANUP(ipt_rules_release) struct ipt_rules before = {0};
	int r = nat_table_open(change->family, &table, err);

	if (r == 0)
		r = nat_table_take_ours(table, &before, err);
	if (r == 0)
		r = nat_table_put(table, &change->wanted, err);
	if (r < 0)
		return r;
	forget(change);
	change->table = TAKE(table);
	change->before = before;
	before = (struct ipt_rules){0};
	return 0;
}

int nat_change_commit(struct nat_change *change, struct err *err)
{
	int r = nat_table_commit(change->table, &change->wanted, err);

	for (int attempt = 1; r == -EAGAIN && attempt < COMMIT_ATTEMPTS; attempt++) {
		r = nat_change_prepare(change, err);
		if (r == 0)
			r = nat_table_commit(change->table, &change->wanted, err);
	}
	return r;
}

int nat_change_undo(struct nat_change *change, struct err *err)
{
	CLEANUP(nat_change_release)
	struct nat_change back = {
		.family = change->family,
		.wanted = change->before,
	};
	struct err difference;

	change->before = (struct ipt_rules){0};
	int r = nat_change_prepare(&back, err);
	if (r < 0 || ipt_rules_compare(&back.wanted, &back.before, &difference) == 0)
		return r;
	return nat_change_commit(&back, err);
}

void nat_change_release(struct nat_change *change)
{
	forget(change);
	ipt_rules_release(&change->wanted);
}
