/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/policy_order.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "cni/core/policy_rule.h"
#include "common/base/cleanup.h"

/* What has been seen of a list, which has each family's rules in the order in which they are asked.
 */
struct seen {
	const struct redirect_plan *plan;
	enum plan_family families;  /* of which ours are there */
	unsigned int families_done; /* whose first rule of ours has been seen */
	bool is_shadowed;
	struct policy_rule shadow; /* the first that shadows */
	uint32_t mark;             /* of the rule that it shadows */
};

static void forget(void *argument)
{
	struct seen *seen = argument;

	seen->families_done = 0;
	seen->is_shadowed = false;
}

/* Whether an attribute narrows what a rule is for by anything but a mark. */
static bool is_selector(int type)
{
	switch (type) {
	case FRA_TABLE:
	case FRA_PRIORITY:
	case FRA_FWMARK:
	case FRA_FWMASK:
	case FRA_PROTOCOL:
	case FRA_PAD:
	case FRA_GOTO:
	case FRA_FLOW:
	case FRA_SUPPRESS_PREFIXLEN:
	case FRA_SUPPRESS_IFGROUP:
		return false;
	default:
		return true;
	}
}

static uint32_t number_of(struct nlmsghdr *message, int type, uint32_t where_missing)
{
	const struct nlattr *attribute =
		nlmsg_find_attr(message, sizeof(struct fib_rule_hdr), type);

	return attribute != NULL ? nla_get_u32(attribute) : where_missing;
}

static struct policy_rule read_rule(struct nlmsghdr *message)
{
	const struct fib_rule_hdr *header = nlmsg_data(message);
	const int size = sizeof(*header);
	int left = nlmsg_attrlen(message, size);
	uint32_t mark = number_of(message, FRA_FWMARK, 0);
	struct policy_rule rule = {
		.family = header->family == AF_INET ? PLAN_V4 : PLAN_V6,
		.priority = number_of(message, FRA_PRIORITY, 0),
		.action = header->action,
		.table = number_of(message, FRA_TABLE, header->table),
		.target = number_of(message, FRA_GOTO, 0),
		.is_inverted = (header->flags & FIB_RULE_INVERT) != 0,
		.has_selectors = header->tos != 0,
		.mark = mark,
		.mask = number_of(message, FRA_FWMASK, mark != 0 ? UINT32_MAX : 0),
	};

	for (const struct nlattr *attribute = nlmsg_attrdata(message, size);
	     nla_ok(attribute, left); attribute = nla_next(attribute, &left))
		rule.has_selectors = rule.has_selectors || is_selector(nla_type(attribute));
	return rule;
}

/* Notes the first of others that shadows a rule of ours behind it. */
static void note_rule(struct seen *seen, const struct policy_rule *rule)
{
	bool is_ours = rule->priority == PLAN_ROUTE_PRIORITY && rule->table == PLAN_ROUTE_TABLE;

	if (is_ours)
		seen->families_done |= rule->family;
	if (is_ours || seen->is_shadowed || (seen->families & rule->family) == 0 ||
	    (seen->families_done & rule->family) != 0)
		return;
	for (size_t i = 0; !seen->is_shadowed && i < seen->plan->route_count; i++) {
		if (!policy_rule_shadows(rule, seen->plan->route_marks[i]))
			continue;
		seen->is_shadowed = true;
		seen->shadow = *rule;
		seen->mark = seen->plan->route_marks[i];
	}
}

/* Called for each rule; `argument` is a struct seen. */
static int note(struct nl_msg *message, void *argument)
{
	struct nlmsghdr *told = nlmsg_hdr(message);
	const struct fib_rule_hdr *header = nlmsg_data(told);

	if (told->nlmsg_type == RTM_NEWRULE &&
	    (header->family == AF_INET || header->family == AF_INET6)) {
		const struct policy_rule rule = read_rule(told);

		note_rule(argument, &rule);
	}
	return NL_OK;
}

int policy_order_check(const struct redirect_plan *plan, enum plan_family families,
		       struct rtnetlink *rtnetlink, struct err *err)
{
	CLEANUP(nlmsg_freep) struct nl_msg *question = nlmsg_alloc_simple(RTM_GETRULE, 0);
	struct fib_rule_hdr header = {.family = AF_UNSPEC};
	struct seen seen = {.plan = plan, .families = families};
	const struct rtnetlink_listener listener = {forget, note, &seen};

	if (plan->route_count == 0)
		return 0;
	if (question == NULL || nlmsg_append(question, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		return err_set(err, ENOMEM, "out of memory");
	if (rtnetlink_list(rtnetlink, question, &listener, err) < 0)
		return err_wrap(err, "the policy rules can not be listed");
	if (!seen.is_shadowed)
		return 0;
	return err_set(
		err, EBUSY, "%s: the policy rule of priority %u is asked before that for mark 0x%x",
		seen.shadow.family == PLAN_V4 ? "IPv4" : "IPv6", seen.shadow.priority, seen.mark);
}
