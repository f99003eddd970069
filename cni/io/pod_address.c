/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/pod_address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "cni/io/rtnetlink.h"
#include "common/base/cleanup.h"

enum {
	/* The metric of addresses that are ours. Nothing is routed by it. */
	OUR_METRIC = 15998,
	/* The way to an address of one's own is in the table local: a route to its prefix, which is
	 * all the address, would take the kernel longer than the rest. */
	OUR_FLAGS = IFA_F_PERMANENT | IFA_F_NODAD | IFA_F_NOPREFIXROUTE,
};

/* Says that `address` be on lo, or not. *ret_status is the kernel's answer, in libnl's numbers. */
static int tell(struct rtnetlink *rtnetlink, int type, int flags, const struct cidr *address,
		int *ret_status, struct err *err)
{
	CLEANUP(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(type, flags);
	struct ifaddrmsg header = {
		.ifa_family = AF_INET6,
		.ifa_prefixlen = address->prefix_length,
		.ifa_scope = RT_SCOPE_HOST,
		.ifa_index = LOOPBACK_INDEX,
	};

	if (message == NULL || nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put(message, IFA_LOCAL, sizeof(address->addr_be), address->addr_be) < 0 ||
	    nla_put_u32(message, IFA_FLAGS, OUR_FLAGS) < 0 ||
	    nla_put_u32(message, IFA_RT_PRIORITY, OUR_METRIC) < 0)
		return err_set(err, ENOMEM, "out of memory");
	return rtnetlink_tell(rtnetlink, TAKE(message), ret_status, err);
}

int pod_address_add_to_lo(struct rtnetlink *rtnetlink, const struct cidr *address, struct err *err)
{
	int status = 0;
	int r = tell(rtnetlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, &status, err);

	if (r < 0)
		return r;
	switch (-status) {
	case NLE_SUCCESS:
	case NLE_EXIST:
	case NLE_NOACCESS:  /* EACCES: the sysctl disable_ipv6 is set */
	case NLE_OPNOTSUPP: /* EOPNOTSUPP: the kernel was started without IPv6 */
		return 0;
	default:
		return err_set(err, EIO, "an IPv6 address can not be added to lo: %s",
			       nl_geterror(status));
	}
}

int pod_address_remove_from_lo(struct rtnetlink *rtnetlink, const struct cidr *address,
			       struct err *err)
{
	int status = 0;
	int r = tell(rtnetlink, RTM_DELADDR, 0, address, &status, err);

	if (r < 0)
		return r;
	switch (-status) {
	case NLE_SUCCESS:
	case NLE_NOADDR: /* EADDRNOTAVAIL: it is not there */
	case NLE_OBJ_NOTFOUND:
	case NLE_OPNOTSUPP:
		return 0;
	default:
		return err_set(err, EIO, "an IPv6 address can not be removed from lo: %s",
			       nl_geterror(status));
	}
}

void lo_addresses_release(struct lo_addresses *addresses)
{
	cidr_list_release(&addresses->all);
	cidr_list_release(&addresses->ours);
}

/* What a list of all IPv6 addresses has shown. */
struct seen {
	struct lo_addresses on_lo;
	bool has_global; /* an address for the world outside, not on lo */
	int status;      /* of what was noted */
	struct err err;
};

static void seen_release(struct seen *seen)
{
	lo_addresses_release(&seen->on_lo);
}

static void forget(void *argument)
{
	struct seen *seen = argument;

	seen_release(seen);
	*seen = (struct seen){0};
}

/* Called for each address of the list; `argument` is a struct seen. */
static int note(struct nl_msg *message, void *argument)
{
	struct nlmsghdr *answer = nlmsg_hdr(message);
	const struct ifaddrmsg *header = nlmsg_data(answer);
	struct cidr address = {.is_v6 = true, .prefix_length = CIDR_V6_BITS};
	struct seen *seen = argument;
	struct lo_addresses *on_lo = &seen->on_lo;

	if (header->ifa_family != AF_INET6 || seen->status < 0)
		return NL_OK;
	if (header->ifa_index != LOOPBACK_INDEX) {
		seen->has_global = seen->has_global || header->ifa_scope == RT_SCOPE_UNIVERSE;
		return NL_OK;
	}
	/* The kernel leaves IFA_LOCAL out where it would say the same (inet6_fill_ifaddr()). */
	struct nlattr *attribute = nlmsg_find_attr(answer, sizeof(*header), IFA_ADDRESS);
	if (attribute == NULL || nla_len(attribute) != (int)sizeof(address.addr_be))
		return NL_OK;
	memcpy(address.addr_be, nla_data(attribute), sizeof(address.addr_be));
	seen->status = cidr_list_add(&on_lo->all, &address, &seen->err);
	attribute = nlmsg_find_attr(answer, sizeof(*header), IFA_RT_PRIORITY);
	if (seen->status == 0 && attribute != NULL && nla_get_u32(attribute) == OUR_METRIC)
		seen->status = cidr_list_add(&on_lo->ours, &address, &seen->err);
	return NL_OK;
}

static int look(struct rtnetlink *rtnetlink, struct seen *seen, struct err *err)
{
	CLEANUP(nlmsg_freep) struct nl_msg *question = nlmsg_alloc_simple(RTM_GETADDR, 0);
	const struct rtnetlink_listener listener = {forget, note, seen};
	struct ifaddrmsg header = {.ifa_family = AF_INET6};

	if (question == NULL || nlmsg_append(question, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		return err_set(err, ENOMEM, "out of memory");
	int r = rtnetlink_list(rtnetlink, question, &listener, err);
	if (seen->status < 0) {
		*err = seen->err;
		return seen->status;
	}
	return r < 0 ? err_wrap(err, "the addresses can not be listed") : 0;
}

int pod_address_list_lo(struct rtnetlink *rtnetlink, struct lo_addresses *ret_addresses,
			struct err *err)
{
	CLEANUP(seen_release) struct seen seen = {0};
	int r = look(rtnetlink, &seen, err);

	if (r < 0)
		return r;
	*ret_addresses = seen.on_lo;
	seen.on_lo = (struct lo_addresses){0};
	return 0;
}

int pod_address_has_global_v6(struct rtnetlink *rtnetlink, bool *ret_has, struct err *err)
{
	CLEANUP(seen_release) struct seen seen = {0};
	int r = look(rtnetlink, &seen, err);

	if (r == 0)
		*ret_has = seen.has_global;
	return r;
}
