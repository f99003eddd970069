/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/route_change.h"

#include <errno.h>
#include <net/if.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "cni/io/mark_accept.h"
#include "cni/io/pod_address.h"
#include "cni/io/route_list.h"
#include "cni/io/rtnetlink.h"
#include "common/base/cleanup.h"

struct route_change {
	struct route_list wanted;
	struct route_list before;
	struct rtnetlink *rtnetlink; /* borrowed */
	struct mark_accept marks;    /* mark_accept's sysctls; not read where they do not matter */
};

void route_change_free(struct route_change *change)
{
	if (change == NULL)
		return;
	route_list_release(&change->wanted);
	route_list_release(&change->before);
	free(change);
}

/* Whether the sysctls are ours to set: for what is wanted, or because they were. */
static bool is_sysctl_ours(const struct route_change *change)
{
	return change->wanted.count > 0 || route_list_has_rule(&change->before);
}

int route_change_prepare(const struct redirect_plan *plan, enum plan_family families,
			 struct rtnetlink *rtnetlink, struct route_change **ret_change,
			 struct err *err)
{
	CLEANUP(route_change_freep) struct route_change *change = calloc(1, sizeof(*change));

	if (change == NULL)
		return err_set(err, ENOMEM, "out of memory");
	change->rtnetlink = rtnetlink;
	int r = route_list_build(plan, families, &change->wanted, err);
	if (r == 0)
		r = route_list_read(rtnetlink, &change->before, err);
	if (r == 0 && is_sysctl_ours(change))
		r = mark_accept_read(&change->marks, err);
	if (r == 0)
		*ret_change = TAKE(change);
	return r;
}

/* Whether no route of IPv6 can be on lo, and so none is missing. */
static int is_v6_disabled(struct rtnetlink *rtnetlink, bool *ret_is_disabled, struct err *err)
{
	CLEANUP(lo_addresses_release) struct lo_addresses on_lo = {0};
	int r = pod_address_list_lo(rtnetlink, &on_lo, err);

	if (r == 0)
		*ret_is_disabled = on_lo.all.count == 0;
	return r;
}

static int say_difference(struct nl_msg *item, const char *what, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	route_item_format(item, &text);
	return err_set(err, EUCLEAN, "%s %s", text.data != NULL ? text.data : "", what);
}

static int compare_missing(const struct route_change *change, struct err *err)
{
	for (size_t i = 0; i < change->wanted.count; i++) {
		struct nl_msg *item = change->wanted.items[i];
		bool is_disabled = false;

		if (route_list_has(&change->before, item))
			continue;
		if (route_item_is_v6_route(item) &&
		    is_v6_disabled(change->rtnetlink, &is_disabled, err) < 0)
			return err->code;
		if (!is_disabled)
			return say_difference(item, "is missing, or another", err);
	}
	return 0;
}

int route_change_compare(const struct route_change *change, struct err *err)
{
	int r = compare_missing(change, err);

	for (size_t i = 0; r == 0 && i < change->before.count; i++) {
		if (!route_list_has(&change->wanted, change->before.items[i]))
			r = say_difference(change->before.items[i], "is not expected", err);
	}
	if (r == 0 && change->wanted.count > 0 && change->marks.set != MARK_ACCEPT_ALL)
		return err_set(err, EUCLEAN, "%s is 0, and has to be set",
			       mark_accept_missing(change->marks.set));
	return r;
}

static int set_lo_up(struct rtnetlink *rtnetlink, struct err *err)
{
	CLEANUP(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct ifinfomsg header = {
		.ifi_index = LOOPBACK_INDEX, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	int status = 0;

	if (message == NULL || nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		return err_set(err, ENOMEM, "out of memory");
	int r = rtnetlink_tell(rtnetlink, TAKE(message), &status, err);
	if (r == 0 && status < 0)
		r = err_set(err, EIO, "lo can not be set up: %s", nl_geterror(status));
	return r;
}

/* Adds what is in `from` and not in `there`. */
static int add_missing(struct rtnetlink *rtnetlink, const struct route_list *from,
		       const struct route_list *there, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->count; i++) {
		if (!route_list_has(there, from->items[i]))
			r = route_item_add(rtnetlink, from->items[i], err);
	}
	return r;
}

/* Removes what is in `there` and not in `kept`: routes first, then policy rules. */
static int remove_others(struct rtnetlink *rtnetlink, const struct route_list *there,
			 const struct route_list *kept, struct err *err)
{
	int r = 0;

	for (size_t i = there->count; r == 0 && i > 0; i--) {
		if (!route_list_has(kept, there->items[i - 1]))
			r = route_item_remove(rtnetlink, there->items[i - 1], err);
	}
	return r;
}

int route_change_add(const struct route_change *change, struct err *err)
{
	if (change->wanted.count == 0)
		return 0;
	int r = set_lo_up(change->rtnetlink, err);
	if (r == 0)
		r = add_missing(change->rtnetlink, &change->wanted, &change->before, err);
	if (r == 0 && change->marks.set != MARK_ACCEPT_ALL)
		r = mark_accept_write(MARK_ACCEPT_ALL, err);
	return r;
}

int route_change_remove_stale(const struct route_change *change, struct err *err)
{
	int r = 0;

	if (change->wanted.count == 0 && is_sysctl_ours(change))
		r = mark_accept_write(0, err);
	return r < 0 ? r : remove_others(change->rtnetlink, &change->before, &change->wanted, err);
}

int route_change_undo(const struct route_change *change, struct err *err)
{
	CLEANUP(route_list_release) struct route_list now = {0};
	struct err cause;
	int first = 0;

	if (is_sysctl_ours(change))
		err_keep_first(mark_accept_write(change->marks.ours, &cause), &cause, &first, err);
	int r = route_list_read(change->rtnetlink, &now, &cause);
	err_keep_first(r, &cause, &first, err);
	if (r < 0)
		return first;
	r = remove_others(change->rtnetlink, &now, &change->before, &cause);
	err_keep_first(r, &cause, &first, err);
	r = add_missing(change->rtnetlink, &change->before, &now, &cause);
	err_keep_first(r, &cause, &first, err);
	return first;
}
