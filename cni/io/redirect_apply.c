/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/redirect_apply.h"

#include <errno.h>

#include "cni/core/foreign_chain.h"
#include "cni/io/pod_address.h"
#include "cni/io/policy_order.h"
#include "cni/io/route_change.h"
#include "cni/io/rtnetlink.h"
#include "cni/io/rules_backend.h"
#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

/* In the order in which BACKEND_AUTO tries them. */
static const struct {
	enum backend_choice choice;
	const struct rules_backend *backend;
} BACKENDS[] = {
	{BACKEND_IPTABLES, &IPTABLES_BACKEND},
	{BACKEND_NFTABLES, &NFTABLES_BACKEND},
};

enum { BACKEND_COUNT = sizeof(BACKENDS) / sizeof(*BACKENDS) };

static const struct redirect_plan NOTHING = {0};
static const struct cidr_list NO_ADDRESSES = {0};

/* One backend's part of what is done. */
struct part {
	const struct rules_backend *backend;
	struct rules_change *change; /* owned */
};

/* All that one apply does, so that it can be taken back. */
struct transaction {
	struct rtnetlink rtnetlink; /* owned */
	struct rules_goal goal;
	struct part parts[BACKEND_COUNT]; /* the first leads to the goal, others to nothing */
	size_t count;
	size_t tried;                   /* commits that were tried, from the first */
	struct route_change *routes;    /* owned */
	struct lo_addresses before;     /* the IPv6 addresses that lo had */
	const struct cidr_list *wanted; /* those that it is to have; borrowed */
};

static void part_release(struct part *part)
{
	if (part->change != NULL)
		part->backend->free(part->change);
	*part = (struct part){0};
}

static void transaction_release(struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++)
		part_release(&transaction->parts[i]);
	route_change_free(transaction->routes);
	lo_addresses_release(&transaction->before);
	rtnetlink_release(&transaction->rtnetlink);
}

/* Whether a change can not be prepared because the kernel does not offer what it needs. */
static bool is_absent(int r)
{
	return r == -EAFNOSUPPORT || r == -ENOPROTOOPT || r == -ENOENT;
}

/* IPv6 can not be redirected, for that cause: no harm unless the pod has such an address. */
static int pass_without_v6(const struct redirect_target *target, struct rtnetlink *rtnetlink,
			   const struct err *cause, struct err *err)
{
	bool has_v6 = target->has_v6;

	if (!has_v6 && pod_address_has_global_v6(rtnetlink, &has_v6, err) < 0)
		return err->code;
	if (has_v6)
		return err_set(err, -cause->code, "the pod has an IPv6 address, but %s",
			       cause->msg);
	return 0;
}

/* Prepares with that backend: for both families, or without IPv6 where that can be done without. */
static int prepare_by(const struct rules_backend *backend, const struct redirect_target *target,
		      struct transaction *transaction, struct err *err)
{
	CLEANUP(part_release) struct part part = {.backend = backend};
	struct err cause;

	transaction->goal.families = PLAN_BOTH;
	int r = backend->prepare(&transaction->goal, &part.change, &cause);
	if (is_absent(r)) {
		transaction->goal.families = PLAN_V4;
		r = backend->prepare(&transaction->goal, &part.change, err);
		if (r == 0)
			r = pass_without_v6(target, &transaction->rtnetlink, &cause, err);
	} else if (r < 0) {
		*err = cause;
	}
	if (r < 0)
		return r;
	transaction->parts[transaction->count++] = part;
	part = (struct part){0};
	return 0;
}

/* Prepares with the first backend that may be taken, and that the kernel has. Where it has none,
 * the first is what to mend. */
static int prepare_goal(const struct redirect_target *target, struct transaction *transaction,
			struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < BACKEND_COUNT; i++) {
		struct err cause;

		if (target->backend != BACKEND_AUTO && target->backend != BACKENDS[i].choice)
			continue;
		int r = prepare_by(BACKENDS[i].backend, target, transaction, &cause);
		if (r == 0)
			return 0;
		if (first == 0 || !is_absent(r))
			*err = cause;
		first = err->code;
		if (!is_absent(r))
			break;
	}
	return first;
}

/* Prepares that nothing of ours is in force by that backend; is_alone: nor another mesh. */
static int prepare_nothing(const struct rules_backend *backend, bool is_alone,
			   struct part *ret_part, struct err *err)
{
	const struct rules_goal goal = {.plan = &NOTHING,
					.families = PLAN_BOTH,
					.gate_family = PLAN_V4,
					.is_alone = is_alone};

	*ret_part = (struct part){.backend = backend};
	return backend->prepare(&goal, &ret_part->change, err);
}

/* Prepares that nothing is left of what other backends have put in force. */
static int prepare_others(struct transaction *transaction, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < BACKEND_COUNT; i++) {
		const struct rules_backend *backend = BACKENDS[i].backend;

		if (backend == transaction->parts[0].backend)
			continue;
		r = prepare_nothing(backend, transaction->goal.is_alone,
				    &transaction->parts[transaction->count], err);
		if (r == 0)
			transaction->count++;
	}
	return r;
}

/* Prepares all before anything is written: most of what can fail does so here. */
static int prepare(const struct redirect_plan *plan, const struct redirect_target *target,
		   struct transaction *transaction, struct err *err)
{
	transaction->goal =
		(struct rules_goal){.plan = plan,
				    .gate_family = target->is_v6_first ? PLAN_V6 : PLAN_V4,
				    .is_alone = plan->count > 0};
	int r = prepare_goal(target, transaction, err);

	if (r == 0)
		r = prepare_others(transaction, err);
	if (r == 0)
		r = pod_address_list_lo(&transaction->rtnetlink, &transaction->before, err);
	if (r == 0)
		r = route_change_prepare(plan, transaction->goal.families, &transaction->rtnetlink,
					 &transaction->routes, err);
	transaction->wanted =
		(transaction->goal.families & PLAN_V6) != 0 ? &plan->lo_addresses : &NO_ADDRESSES;
	return r;
}

/* Puts addresses on lo, but those of `there`. */
static int add_addresses(struct rtnetlink *rtnetlink, const struct cidr_list *addresses,
			 const struct cidr_list *there, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < addresses->count; i++) {
		if (!cidr_list_contains(there, &addresses->items[i]))
			r = pod_address_add_to_lo(rtnetlink, &addresses->items[i], err);
	}
	return r;
}

/* Removes addresses from lo, but those of `kept`. */
static int remove_addresses(struct rtnetlink *rtnetlink, const struct cidr_list *addresses,
			    const struct cidr_list *kept, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < addresses->count; i++) {
		if (!cidr_list_contains(kept, &addresses->items[i]))
			r = pod_address_remove_from_lo(rtnetlink, &addresses->items[i], err);
	}
	return r;
}

/* The goal first, so that at no moment nothing is in force. */
static int commit(struct transaction *transaction, struct err *err)
{
	int r = 0;

	while (r == 0 && transaction->tried < transaction->count) {
		const struct part *part = &transaction->parts[transaction->tried++];

		r = part->backend->commit(part->change, err);
	}
	return r;
}

/* Adds to the failure that something could not be put back. */
static void say_not_undone(const struct err *cause, struct err *err)
{
	struct err first = *err;

	err_set(err, -first.code, "%s; and what was there before could not be put back: %s",
		first.msg, cause->msg);
}

/* After a failure: the last first. What was tried may have been done, whatever the answer was. */
static void undo(struct transaction *transaction, struct err *err)
{
	struct rtnetlink *rtnetlink = &transaction->rtnetlink;
	struct err cause;

	if (add_addresses(rtnetlink, &transaction->before.ours, &NO_ADDRESSES, &cause) < 0)
		say_not_undone(&cause, err);
	while (transaction->tried > 0) {
		const struct part *part = &transaction->parts[--transaction->tried];

		if (part->backend->undo(part->change, &cause) < 0)
			say_not_undone(&cause, err);
	}
	if (route_change_undo(transaction->routes, &cause) < 0)
		say_not_undone(&cause, err);
	if (remove_addresses(rtnetlink, transaction->wanted, &transaction->before.all, &cause) < 0)
		say_not_undone(&cause, err);
}

int redirect_apply(const struct redirect_plan *plan, const struct redirect_target *target,
		   struct err *err)
{
	CLEANUP(transaction_release) struct transaction transaction = {0};
	int r = prepare(plan, target, &transaction, err);

	if (r < 0)
		return r;
	r = add_addresses(&transaction.rtnetlink, transaction.wanted, &transaction.before.all, err);
	if (r == 0)
		r = route_change_add(transaction.routes, err);
	if (r == 0)
		r = commit(&transaction, err);
	if (r == 0)
		r = route_change_remove_stale(transaction.routes, err);
	if (r == 0)
		r = remove_addresses(&transaction.rtnetlink, &transaction.before.ours,
				     transaction.wanted, err);
	if (r < 0)
		undo(&transaction, err);
	return r;
}

static int remove_rules(const struct rules_backend *backend, struct err *err)
{
	CLEANUP(part_release) struct part part = {0};
	int r = prepare_nothing(backend, false, &part, err);

	return r < 0 ? r : backend->commit(part.change, err);
}

static int remove_own_addresses(struct rtnetlink *rtnetlink, struct err *err)
{
	CLEANUP(lo_addresses_release) struct lo_addresses on_lo = {0};
	int r = pod_address_list_lo(rtnetlink, &on_lo, err);

	return r < 0 ? r : remove_addresses(rtnetlink, &on_lo.ours, &NO_ADDRESSES, err);
}

static int remove_routes(struct rtnetlink *rtnetlink, struct err *err)
{
	CLEANUP(route_change_freep) struct route_change *routes = NULL;
	int r = route_change_prepare(&NOTHING, PLAN_BOTH, rtnetlink, &routes, err);

	return r < 0 ? r : route_change_remove_stale(routes, err);
}

int redirect_remove(struct err *err)
{
	CLEANUP(rtnetlink_release) struct rtnetlink rtnetlink = {0};
	struct err cause;
	int first = 0;

	for (size_t i = 0; i < BACKEND_COUNT; i++)
		err_keep_first(remove_rules(BACKENDS[i].backend, &cause), &cause, &first, err);
	err_keep_first(remove_own_addresses(&rtnetlink, &cause), &cause, &first, err);
	err_keep_first(remove_routes(&rtnetlink, &cause), &cause, &first, err);
	return first;
}

static int say_address(const struct cidr *address, const char *what, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	cidr_format(address, &text);
	return err_set(err, EUCLEAN, "IPv6: the address %s %s", text.data != NULL ? text.data : "",
		       what);
}

/* Whether lo has the addresses that are wanted, and no others of ours. */
static int compare_addresses(const struct lo_addresses *found, const struct cidr_list *wanted,
			     struct err *err)
{
	/* Where lo has none at all IPv6 is disabled, and none could be added. */
	for (size_t i = 0; found->all.count > 0 && i < wanted->count; i++) {
		if (!cidr_list_contains(&found->all, &wanted->items[i]))
			return say_address(&wanted->items[i], "is missing on lo", err);
	}
	for (size_t i = 0; i < found->ours.count; i++) {
		if (!cidr_list_contains(wanted, &found->ours.items[i]))
			return say_address(&found->ours.items[i], "is not expected on lo", err);
	}
	return 0;
}

/* Whether no rule of others shadows ours. */
static int verify_unshadowed(const struct redirect_plan *plan, struct transaction *transaction,
			     struct err *err)
{
	CLEANUP(foreign_list_release) struct foreign_list list = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < transaction->count; i++) {
		const struct part *part = &transaction->parts[i];

		r = part->backend->list_foreign(part->change, &list, err);
	}
	if (r == 0)
		r = foreign_list_check(&list, plan, transaction->goal.families, err);
	return r < 0 ? r
		     : policy_order_check(plan, transaction->goal.families, &transaction->rtnetlink,
					  err);
}

int redirect_verify(const struct redirect_plan *plan, const struct redirect_target *target,
		    struct err *err)
{
	CLEANUP(transaction_release) struct transaction transaction = {0};
	int r = prepare(plan, target, &transaction, err);

	for (size_t i = 0; r == 0 && i < transaction.count; i++)
		r = transaction.parts[i].backend->compare(transaction.parts[i].change, err);
	if (r == 0)
		r = compare_addresses(&transaction.before, transaction.wanted, err);
	if (r == 0)
		r = route_change_compare(transaction.routes, err);
	return r < 0 ? r : verify_unshadowed(plan, &transaction, err);
}

static int verify_routes_removed(struct rtnetlink *rtnetlink, struct err *err)
{
	CLEANUP(route_change_freep) struct route_change *routes = NULL;
	int r = route_change_prepare(&NOTHING, PLAN_BOTH, rtnetlink, &routes, err);

	return r < 0 ? r : route_change_compare(routes, err);
}

static int verify_addresses_removed(struct rtnetlink *rtnetlink, struct err *err)
{
	CLEANUP(lo_addresses_release) struct lo_addresses on_lo = {0};
	int r = pod_address_list_lo(rtnetlink, &on_lo, err);

	return r < 0 ? r : compare_addresses(&on_lo, &NO_ADDRESSES, err);
}

static int verify_removed_by(const struct rules_backend *backend, struct err *err)
{
	CLEANUP(part_release) struct part part = {0};
	int r = prepare_nothing(backend, false, &part, err);

	return r < 0 ? r : backend->compare(part.change, err);
}

int redirect_verify_removed(struct err *err)
{
	CLEANUP(rtnetlink_release) struct rtnetlink rtnetlink = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < BACKEND_COUNT; i++)
		r = verify_removed_by(BACKENDS[i].backend, err);
	if (r == 0)
		r = verify_addresses_removed(&rtnetlink, err);
	return r < 0 ? r : verify_routes_removed(&rtnetlink, err);
}
