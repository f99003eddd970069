/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/iptables_apply.h"

#include <errno.h>
#include <string.h>

#include "cni/io/nat_change.h"
#include "cni/io/pod_address.h"
#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

enum { FAMILY_COUNT = 2 };

/* All that one apply does, so that it can be taken back. */
struct transaction {
	struct nat_change changes[FAMILY_COUNT]; /* in the order in which they are committed */
	size_t count;                            /* of `changes`; 1 where there is no IPv6 */
	size_t tried;                            /* commits that were tried, from the first */
	struct cidr_list added;                  /* addresses that were not on lo before */
};

static void transaction_release(struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++)
		nat_change_release(&transaction->changes[i]);
	cidr_list_release(&transaction->added);
}

/* Whether opening a nat table failed because the kernel does not offer it. */
static bool is_absent(int r)
{
	return r == -EAFNOSUPPORT || r == -ENOPROTOOPT || r == -ENOENT;
}

/* IPv6 can not be redirected, for that cause: no harm unless the pod has such an address. */
static int pass_without_v6(const struct pod_families *pod, const struct err *cause, struct err *err)
{
	bool has_v6 = pod->has_v6;

	if (!has_v6 && pod_address_has_global_v6(&has_v6, err) < 0)
		return err->code;
	if (has_v6)
		return err_set(err, -cause->code, "the pod has an IPv6 address, but %s",
			       cause->msg);
	return 0;
}

static int prepare_family(const struct redirect_plan *plan, struct nat_change *change,
			  struct err *err)
{
	int r = ipt_rules_build(plan, change->family, &change->wanted, err);

	if (r == 0)
		r = nat_change_prepare(change, err);
	if (r == 0)
		r = nat_table_check_alone(change->table, err);
	return r;
}

/* Prepares the next family, or leaves it out. */
static int prepare_next(const struct redirect_plan *plan, const struct pod_families *pod,
			enum plan_family family, struct transaction *transaction, struct err *err)
{
	struct nat_change *change = &transaction->changes[transaction->count];
	struct err cause;

	*change = (struct nat_change){.family = family};
	int r = prepare_family(plan, change, &cause);
	if (r == 0) {
		transaction->count++;
		return 0;
	}
	nat_change_release(change);
	if (family == PLAN_V6 && is_absent(r))
		return pass_without_v6(pod, &cause, err);
	*err = cause;
	return r;
}

/* Prepares every family before any is written: most of what can fail does so here. */
static int prepare(const struct redirect_plan *plan, const struct pod_families *pod,
		   struct transaction *transaction, struct err *err)
{
	enum plan_family first = pod->is_v6_first ? PLAN_V4 : PLAN_V6;
	enum plan_family last = pod->is_v6_first ? PLAN_V6 : PLAN_V4;
	int r = prepare_next(plan, pod, first, transaction, err);

	return r < 0 ? r : prepare_next(plan, pod, last, transaction, err);
}

/* Puts the addresses on lo that the wanted rules expect there. */
static int add_addresses(struct transaction *transaction, const struct ipt_rules *wanted,
			 struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list addresses = {0};
	int r = ipt_rules_lo_sources(wanted, &addresses, err);

	for (size_t i = 0; r == 0 && i < addresses.count; i++) {
		bool is_added = false;

		r = pod_address_add_to_lo(&addresses.items[i], &is_added, err);
		if (r == 0 && is_added)
			r = cidr_list_add(&transaction->added, &addresses.items[i], err);
	}
	return r;
}

/* Removes the addresses that the rules before expected on lo, but those of `kept`. */
static int remove_addresses(const struct ipt_rules *before, const struct ipt_rules *kept,
			    struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list addresses = {0};
	CLEANUP(cidr_list_release) struct cidr_list still = {0};
	int r = ipt_rules_lo_sources(before, &addresses, err);

	if (r == 0)
		r = ipt_rules_lo_sources(kept, &still, err);
	for (size_t i = 0; r == 0 && i < addresses.count; i++) {
		if (!cidr_list_contains(&still, &addresses.items[i]))
			r = pod_address_remove_from_lo(&addresses.items[i], err);
	}
	return r;
}

static int commit(struct transaction *transaction, struct err *err)
{
	while (transaction->tried < transaction->count) {
		int r = nat_change_commit(&transaction->changes[transaction->tried++], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Adds to the failure that something could not be put back. */
static void say_not_undone(const struct err *cause, struct err *err)
{
	struct err first = *err;

	err_set(err, -first.code, "%s; and what was there before could not be put back: %s",
		first.msg, cause->msg);
}

/* After a failure: the last commit first, so that the gate closes before anything else goes. */
static void undo(struct transaction *transaction, struct err *err)
{
	struct err cause;

	while (transaction->tried > 0) {
		if (nat_change_undo(&transaction->changes[--transaction->tried], &cause) < 0)
			say_not_undone(&cause, err);
	}
	for (size_t i = 0; i < transaction->added.count; i++) {
		if (pod_address_remove_from_lo(&transaction->added.items[i], &cause) < 0)
			say_not_undone(&cause, err);
	}
}

/* The IPv6 half, or NULL. */
static const struct nat_change *v6_change(const struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++) {
		if (transaction->changes[i].family == PLAN_V6)
			return &transaction->changes[i];
	}
	return NULL;
}

int iptables_apply(const struct redirect_plan *plan, const struct pod_families *pod,
		   struct err *err)
{
	CLEANUP(transaction_release) struct transaction transaction = {0};
	int r = prepare(plan, pod, &transaction, err);
	const struct nat_change *v6 = v6_change(&transaction);

	if (r == 0 && v6 != NULL)
		r = add_addresses(&transaction, &v6->wanted, err);
	if (r == 0)
		r = commit(&transaction, err);
	if (r == 0 && v6 != NULL)
		r = remove_addresses(&v6->before, &v6->wanted, err);
	if (r < 0)
		undo(&transaction, err);
	return r;
}

static int remove_family(enum plan_family family, struct err *err)
{
	CLEANUP(nat_change_release) struct nat_change change = {.family = family};
	const struct ipt_rules nothing = {.family = family};

	if (!nat_table_exists(family))
		return 0;
	int r = nat_change_prepare(&change, err);
	if (is_absent(r))
		return 0;
	if (r == 0)
		r = nat_change_commit(&change, err);
	if (r == 0 && family == PLAN_V6)
		r = remove_addresses(&change.before, &nothing, err);
	return r;
}

int iptables_remove(struct err *err)
{
	struct err first;
	int r4 = remove_family(PLAN_V4, &first);
	int r6 = remove_family(PLAN_V6, err);

	if (r4 == 0)
		return r6;
	*err = first;
	return r4;
}

static int verify_address(const struct cidr *address, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	bool is_missing = false;
	int r = pod_address_is_missing_on_lo(address, &is_missing, err);

	if (r < 0 || !is_missing)
		return r;
	cidr_format(address, &text);
	return err_set(err, EUCLEAN, "IPv6: the address %s is missing on lo",
		       text.data != NULL ? text.data : "");
}

/* Whether lo has the addresses that the wanted rules expect there. */
static int verify_addresses(const struct ipt_rules *wanted, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list addresses = {0};
	int r = ipt_rules_lo_sources(wanted, &addresses, err);

	for (size_t i = 0; r == 0 && i < addresses.count; i++)
		r = verify_address(&addresses.items[i], err);
	return r;
}

int iptables_verify(const struct redirect_plan *plan, const struct pod_families *pod,
		    struct err *err)
{
	CLEANUP(transaction_release) struct transaction transaction = {0};
	int r = prepare(plan, pod, &transaction, err);
	const struct nat_change *v6 = v6_change(&transaction);

	for (size_t i = 0; r == 0 && i < transaction.count; i++)
		r = ipt_rules_compare(&transaction.changes[i].wanted,
				      &transaction.changes[i].before, err);
	return r == 0 && v6 != NULL ? verify_addresses(&v6->wanted, err) : r;
}

static int verify_family_removed(enum plan_family family, struct err *err)
{
	CLEANUP(nat_change_release) struct nat_change change = {.family = family};

	if (!nat_table_exists(family))
		return 0;
	int r = nat_change_prepare(&change, err);
	if (is_absent(r))
		return 0;
	return r < 0 ? r : ipt_rules_compare(&change.wanted, &change.before, err);
}

int iptables_verify_removed(struct err *err)
{
	int r = verify_family_removed(PLAN_V4, err);

	return r < 0 ? r : verify_family_removed(PLAN_V6, err);
}
