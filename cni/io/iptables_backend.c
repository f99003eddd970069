/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend of ip_tables and ip6_tables, by libiptc: one commit a table and family. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cni/io/ipt_change.h"
#include "cni/io/ipt_table.h"
#include "cni/io/rules_backend.h"
#include "common/base/cleanup.h"

enum { CHANGES_MAX = 2 * PLAN_TABLE_COUNT };

struct rules_change {
	bool is_removal;         /* the goal is nothing */
	unsigned int v4_present; /* see ipt_tables_present() */
	unsigned int v6_present;
	struct ipt_change items[CHANGES_MAX]; /* in the order in which they are committed */
	size_t count;
	size_t tried; /* commits that were tried, from the first */
};

static const struct redirect_plan NOTHING = {0};

static void change_free(struct rules_change *change)
{
	if (change == NULL)
		return;
	for (size_t i = 0; i < change->count; i++)
		ipt_change_release(&change->items[i]);
	free(change);
}

static void change_freep(struct rules_change **change)
{
	change_free(*change);
}

/* Whether opening a table failed because the kernel does not offer it. */
static bool is_absent(int r)
{
	return r == -EAFNOSUPPORT || r == -ENOPROTOOPT || r == -ENOENT;
}

/* Reads the table and changes it in memory, where something is wanted in it, or it is there. */
static int prepare_item(struct ipt_change *item, bool is_alone, struct err *err)
{
	struct err cause;
	int r = ipt_change_prepare(item, &cause);

	if (r == 0 && is_alone)
		return ipt_table_check_alone(item->table, err);
	/* What the kernel can not have is no hindrance to nothing. */
	if (r == 0 || (item->wanted.rule_count == 0 && is_absent(r)))
		return 0;
	*err = cause;
	return r;
}

static int prepare_table(const struct rules_goal *goal, enum plan_table table,
			 enum plan_family family, struct rules_change *change, struct err *err)
{
	const struct redirect_plan *plan = (goal->families & family) != 0 ? goal->plan : &NOTHING;
	unsigned int present = family == PLAN_V4 ? change->v4_present : change->v6_present;
	CLEANUP(ipt_change_release) struct ipt_change item = {0};
	int r = ipt_rules_build(plan, table, family, &item.wanted, err);

	if (r < 0 || (item.wanted.rule_count == 0 && (present & 1U << table) == 0))
		return r;
	r = prepare_item(&item, goal->is_alone, err);
	if (r < 0 || item.table == NULL)
		return r;
	change->items[change->count++] = item;
	item = (struct ipt_change){0};
	return 0;
}

/* The family at which the gate is asked comes last. */
static int prepare_families(const struct rules_goal *goal, enum plan_table table,
			    struct rules_change *change, struct err *err)
{
	enum plan_family first = goal->gate_family == PLAN_V6 ? PLAN_V4 : PLAN_V6;
	enum plan_family last = goal->gate_family == PLAN_V6 ? PLAN_V6 : PLAN_V4;
	int r = prepare_table(goal, table, first, change, err);

	return r < 0 ? r : prepare_table(goal, table, last, change, err);
}

/* Behind all others those tables that lose a chain: in another mode another table captures what it
 * did, and has to do so by then. */
static void put_losers_last(struct rules_change *change)
{
	struct ipt_change items[CHANGES_MAX] = {0};
	size_t count = 0;

	for (int is_loser = 0; is_loser <= 1; is_loser++) {
		for (size_t i = 0; i < change->count; i++) {
			const struct ipt_change *item = &change->items[i];

			if (ipt_rules_lose_chain(&item->before, &item->wanted) == is_loser)
				items[count++] = *item;
		}
	}
	memcpy(change->items, items, count * sizeof(*items));
}

/* The table that has the gate's rule comes behind all that lose no chain. */
static int prepare(const struct rules_goal *goal, struct rules_change **ret_change, struct err *err)
{
	CLEANUP(change_freep) struct rules_change *change = calloc(1, sizeof(*change));
	int r = 0;

	if (change == NULL)
		return err_set(err, ENOMEM, "out of memory");
	change->is_removal = goal->plan->count == 0;
	change->v4_present = ipt_tables_present(PLAN_V4);
	change->v6_present = ipt_tables_present(PLAN_V6);
	for (enum plan_table table = 0; r == 0 && table < PLAN_TABLE_COUNT; table++) {
		if (table != goal->plan->gate_table)
			r = prepare_families(goal, table, change, err);
	}
	if (r == 0)
		r = prepare_families(goal, goal->plan->gate_table, change, err);
	if (r == 0 && !change->is_removal)
		put_losers_last(change);
	if (r == 0)
		*ret_change = TAKE(change);
	return r;
}

static int compare(const struct rules_change *change, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < change->count; i++)
		r = ipt_rules_compare(&change->items[i].wanted, &change->items[i].before, err);
	return r;
}

static int list_foreign(const struct rules_change *change, struct foreign_list *list,
			struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < change->count; i++) {
		const struct foreign_list *foreign = &change->items[i].foreign;

		for (size_t k = 0; r == 0 && k < foreign->count; k++) {
			struct foreign_chain chain = foreign->items[k];

			/* Where ours are in that chain, what stands before them was compared. */
			chain.is_older = !change->is_removal;
			r = foreign_list_add(list, &chain, err);
		}
	}
	return r;
}

static bool is_used(void)
{
	const struct rules_goal goal = {.plan = &NOTHING, .families = PLAN_BOTH};
	CLEANUP(change_freep) struct rules_change *change = NULL;
	struct err err;

	return prepare(&goal, &change, &err) == 0 && compare(change, &err) < 0;
}

static int commit(struct rules_change *change, struct err *err)
{
	int first = 0;

	while (change->tried < change->count) {
		struct err cause;
		int r = ipt_change_commit(&change->items[change->tried++], &cause);

		err_keep_first(r, &cause, &first, err);
		if (r < 0 && !change->is_removal)
			return r;
	}
	return first;
}

/* The last commit first, so that the gate closes before anything else goes. */
static int undo(struct rules_change *change, struct err *err)
{
	int first = 0;

	while (change->tried > 0) {
		struct err cause;
		int r = ipt_change_undo(&change->items[--change->tried], &cause);

		err_keep_first(r, &cause, &first, err);
	}
	return first;
}

const struct rules_backend IPTABLES_BACKEND = {
	.name = "iptables",
	.is_used = is_used,
	.prepare = prepare,
	.compare = compare,
	.list_foreign = list_foreign,
	.commit = commit,
	.undo = undo,
	.free = change_free,
};
