/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/route_list.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cni/io/rtnetlink.h"
#include "common/base/cleanup.h"

static int no_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Steals *message, also on failure. */
static int append(struct route_list *list, struct nl_msg **message)
{
	struct nl_msg **items = realloc(list->items, (list->count + 1) * sizeof(void *));

	if (items == NULL)
		return -ENOMEM;
	list->items = items;
	list->items[list->count++] = TAKE(*message);
	return 0;
}

static unsigned char address_family(enum plan_family family)
{
	return family == PLAN_V4 ? AF_INET : AF_INET6;
}

/* A message with its header, or NULL. The caller frees it. */
static struct nl_msg *message_new(int type, void *header, size_t size)
{
	CLEANUP(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	if (message == NULL || nlmsg_append(message, header, size, NLMSG_ALIGNTO) < 0)
		return NULL;
	return TAKE(message);
}

static int build_rule(struct route_list *list, enum plan_family family, uint32_t mark,
		      struct err *err)
{
	struct fib_rule_hdr header = {.family = address_family(family), .action = FR_ACT_TO_TBL};
	CLEANUP(nlmsg_freep)
	struct nl_msg *message = message_new(RTM_NEWRULE, &header, sizeof(header));

	if (message == NULL || nla_put_u32(message, FRA_TABLE, PLAN_ROUTE_TABLE) < 0 ||
	    nla_put_u32(message, FRA_PRIORITY, PLAN_ROUTE_PRIORITY) < 0 ||
	    nla_put_u32(message, FRA_FWMARK, mark) < 0 ||
	    nla_put_u32(message, FRA_FWMASK, UINT32_MAX) < 0 || append(list, &message) < 0)
		return no_memory(err);
	return 0;
}

static int build_route(struct route_list *list, enum plan_family family, struct err *err)
{
	struct rtmsg header = {
		.rtm_family = address_family(family),
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};
	CLEANUP(nlmsg_freep)
	struct nl_msg *message = message_new(RTM_NEWROUTE, &header, sizeof(header));

	if (message == NULL || nla_put_u32(message, RTA_TABLE, PLAN_ROUTE_TABLE) < 0 ||
	    nla_put_u32(message, RTA_OIF, LOOPBACK_INDEX) < 0 || append(list, &message) < 0)
		return no_memory(err);
	return 0;
}

int route_list_build(const struct redirect_plan *plan, enum plan_family families,
		     struct route_list *list, struct err *err)
{
	static const enum plan_family FAMILIES[] = {PLAN_V4, PLAN_V6};
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 * plan->route_count; i++) {
		if ((families & FAMILIES[i % 2]) != 0)
			r = build_rule(list, FAMILIES[i % 2], plan->route_marks[i / 2], err);
	}
	for (size_t i = 0; r == 0 && plan->route_count > 0 && i < 2; i++) {
		if ((families & FAMILIES[i]) != 0)
			r = build_route(list, FAMILIES[i], err);
	}
	return r;
}

static uint32_t number_of(const struct nlattr *attribute, uint32_t where_missing)
{
	return attribute != NULL ? nla_get_u32(attribute) : where_missing;
}

/* What a message tells, as far as it matters. */
struct told {
	int type; /* RTM_NEWRULE or RTM_NEWROUTE */
	int family;
	uint32_t table;
	uint32_t priority; /* of a policy rule */
	uint32_t mark;
	bool is_plain; /* it does what ours do, and is about nothing else */
};

/* The attributes that our policy rules have, or that every one has. */
static bool is_plain_attribute(const struct nlattr *attribute)
{
	switch (nla_type(attribute)) {
	case FRA_TABLE:
	case FRA_PRIORITY:
	case FRA_FWMARK:
	case FRA_PROTOCOL:
	case FRA_PAD:
		return true;
	case FRA_FWMASK:
	case FRA_SUPPRESS_PREFIXLEN: /* as much as that means none */
		return nla_get_u32(attribute) == UINT32_MAX;
	default:
		return false;
	}
}

static void read_rule(struct nlmsghdr *message, struct told *told)
{
	const struct fib_rule_hdr *header = nlmsg_data(message);
	const int size = sizeof(*header);
	int left = nlmsg_attrlen(message, size);

	told->family = header->family;
	told->table = number_of(nlmsg_find_attr(message, size, FRA_TABLE), header->table);
	told->priority = number_of(nlmsg_find_attr(message, size, FRA_PRIORITY), 0);
	told->mark = number_of(nlmsg_find_attr(message, size, FRA_FWMARK), 0);
	told->is_plain = header->action == FR_ACT_TO_TBL && header->flags == 0 && header->tos == 0;
	for (const struct nlattr *attribute = nlmsg_attrdata(message, size);
	     nla_ok(attribute, left); attribute = nla_next(attribute, &left))
		told->is_plain = told->is_plain && is_plain_attribute(attribute);
}

static void read_route(struct nlmsghdr *message, struct told *told)
{
	const struct rtmsg *header = nlmsg_data(message);
	const int size = sizeof(*header);

	told->family = header->rtm_family;
	told->table = number_of(nlmsg_find_attr(message, size, RTA_TABLE), header->rtm_table);
	told->is_plain = header->rtm_type == RTN_LOCAL && header->rtm_dst_len == 0 &&
			 header->rtm_src_len == 0 && header->rtm_tos == 0 &&
			 number_of(nlmsg_find_attr(message, size, RTA_OIF), 0) == LOOPBACK_INDEX;
}

static struct told tell(struct nl_msg *item)
{
	struct nlmsghdr *message = nlmsg_hdr(item);
	struct told told = {.type = message->nlmsg_type};

	if (told.type == RTM_NEWRULE)
		read_rule(message, &told);
	else
		read_route(message, &told);
	return told;
}

static bool is_ours(const struct told *told)
{
	if (told->family != AF_INET && told->family != AF_INET6)
		return false;
	return told->table == PLAN_ROUTE_TABLE &&
	       (told->type == RTM_NEWROUTE || told->priority == PLAN_ROUTE_PRIORITY);
}

/* A list that grows while the kernel tells. */
struct reading {
	struct route_list *list;
	size_t begin; /* what was in it before */
	bool is_out_of_memory;
};

static void forget(void *argument)
{
	struct reading *reading = argument;

	while (reading->list->count > reading->begin)
		nlmsg_free(reading->list->items[--reading->list->count]);
}

/* Called for each message of a list; `argument` is a struct reading. */
static int note(struct nl_msg *message, void *argument)
{
	struct reading *reading = argument;
	const struct told told = tell(message);
	struct nl_msg *kept = message;

	if (!is_ours(&told))
		return NL_OK;
	nlmsg_get(message);
	if (append(reading->list, &kept) < 0) {
		nlmsg_free(kept);
		reading->is_out_of_memory = true;
	}
	return NL_OK;
}

/* Adds what the kernel lists to such a question. Steals it; NULL: there was no memory for it. */
static int read_more(struct rtnetlink *rtnetlink, struct nl_msg *question, struct route_list *list,
		     struct err *err)
{
	CLEANUP(nlmsg_freep) struct nl_msg *owned = question;
	struct reading reading = {.list = list, .begin = list->count};
	const struct rtnetlink_listener listener = {forget, note, &reading};

	if (question == NULL)
		return no_memory(err);
	int r = rtnetlink_list(rtnetlink, owned, &listener, err);
	if (reading.is_out_of_memory)
		return no_memory(err);
	return r;
}

/* The question for the routes of our table, in both families. */
static struct nl_msg *ask_for_routes(void)
{
	struct rtmsg header = {.rtm_family = AF_UNSPEC};
	CLEANUP(nlmsg_freep)
	struct nl_msg *question = message_new(RTM_GETROUTE, &header, sizeof(header));

	if (question == NULL || nla_put_u32(question, RTA_TABLE, PLAN_ROUTE_TABLE) < 0)
		return NULL;
	return TAKE(question);
}

int route_list_read(struct rtnetlink *rtnetlink, struct route_list *list, struct err *err)
{
	struct fib_rule_hdr header = {.family = AF_UNSPEC};

	if (read_more(rtnetlink, message_new(RTM_GETRULE, &header, sizeof(header)), list, err) < 0)
		return err_wrap(err, "the policy rules can not be listed");
	if (read_more(rtnetlink, ask_for_routes(), list, err) < 0)
		return err_wrap(err, "the routes can not be listed");
	return 0;
}

/* Whether they do the same: by what they tell if it is ours, to the byte if it is another's. */
static bool is_equal(struct nl_msg *a, struct nl_msg *b)
{
	struct nlmsghdr *header_a = nlmsg_hdr(a);
	struct nlmsghdr *header_b = nlmsg_hdr(b);
	const struct told told_a = tell(a);
	const struct told told_b = tell(b);

	if (told_a.type != told_b.type || told_a.family != told_b.family ||
	    told_a.mark != told_b.mark || told_a.is_plain != told_b.is_plain)
		return false;
	return told_a.is_plain || (nlmsg_datalen(header_a) == nlmsg_datalen(header_b) &&
				   memcmp(nlmsg_data(header_a), nlmsg_data(header_b),
					  (size_t)nlmsg_datalen(header_a)) == 0);
}

bool route_list_has(const struct route_list *list, struct nl_msg *item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (is_equal(list->items[i], item))
			return true;
	}
	return false;
}

bool route_list_has_rule(const struct route_list *list)
{
	return list->count > 0 && nlmsg_hdr(list->items[0])->nlmsg_type == RTM_NEWRULE;
}

bool route_item_is_v6_route(struct nl_msg *item)
{
	const struct told told = tell(item);

	return told.type == RTM_NEWROUTE && told.family == AF_INET6;
}

void route_item_format(struct nl_msg *item, struct strbuf *out)
{
	const struct told told = tell(item);

	strbuf_puts(out, told.family == AF_INET ? "IPv4: " : "IPv6: ");
	if (told.type == RTM_NEWRULE)
		strbuf_printf(out, "the policy rule for mark 0x%x", told.mark);
	else
		strbuf_printf(out, "the route in table %u", told.table);
}

/* Sends the thing as a message of another type. *ret_status is the kernel's answer, in libnl's
 * numbers. */
static int send_as(struct rtnetlink *rtnetlink, struct nl_msg *item, int type, int flags,
		   int *ret_status, struct err *err)
{
	CLEANUP(nlmsg_freep) struct nl_msg *message = nlmsg_convert(nlmsg_hdr(item));

	if (message == NULL)
		return no_memory(err);
	nlmsg_hdr(message)->nlmsg_type = (uint16_t)type;
	nlmsg_hdr(message)->nlmsg_flags = (uint16_t)flags;
	nlmsg_hdr(message)->nlmsg_pid = NL_AUTO_PORT;
	nlmsg_hdr(message)->nlmsg_seq = NL_AUTO_SEQ;
	return rtnetlink_tell(rtnetlink, TAKE(message), ret_status, err);
}

static int say_refused(struct nl_msg *item, const char *what, int status, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	route_item_format(item, &text);
	return err_set(err, EIO, "%s can not be %s: %s", text.data != NULL ? text.data : "", what,
		       nl_geterror(status));
}

int route_item_add(struct rtnetlink *rtnetlink, struct nl_msg *item, struct err *err)
{
	int status = 0;
	int r = send_as(rtnetlink, item, nlmsg_hdr(item)->nlmsg_type, NLM_F_CREATE | NLM_F_EXCL,
			&status, err);

	if (r < 0 || status == 0 || status == -NLE_EXIST)
		return r;
	/* EACCES: the sysctl disable_ipv6 is set */
	if (status == -NLE_NOACCESS && route_item_is_v6_route(item))
		return 0;
	return say_refused(item, "added", status, err);
}

int route_item_remove(struct rtnetlink *rtnetlink, struct nl_msg *item, struct err *err)
{
	int type = nlmsg_hdr(item)->nlmsg_type == RTM_NEWRULE ? RTM_DELRULE : RTM_DELROUTE;
	int status = 0;
	int r = send_as(rtnetlink, item, type, 0, &status, err);

	if (r < 0 || status == 0 || status == -NLE_OBJ_NOTFOUND)
		return r;
	return say_refused(item, "removed", status, err);
}

void route_list_release(struct route_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		nlmsg_free(list->items[i]);
	free(list->items);
	*list = (struct route_list){0};
}
