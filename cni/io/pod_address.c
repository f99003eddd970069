/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/pod_address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/cleanup.h"

/*
 * libnl can look names up. The plugin never does, and must not be able to: for that a static
 * program loads modules of the host's glibc. With these in the place of libc's, none of it is
 * linked.
 */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret_list)
{
	(void)name;
	(void)service;
	(void)hints;
	(void)ret_list;
	return EAI_NONAME;
}

struct protoent *getprotobyname(const char *name)
{
	(void)name;
	return NULL;
}

struct protoent *getprotobynumber(int number)
{
	(void)number;
	return NULL;
}

enum { LOOPBACK_INDEX = 1 }; /* lo is the first interface of every namespace */

static void nl_socket_freep(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

static void nlmsg_freep(struct nl_msg **message)
{
	nlmsg_free(*message);
}

static int open_socket(struct nl_sock **ret_socket, struct err *err)
{
	CLEANUP(nl_socket_freep) struct nl_sock *socket = nl_socket_alloc();

	if (socket == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = nl_connect(socket, NETLINK_ROUTE);
	if (r < 0)
		return err_set(err, EIO, "no netlink socket: %s", nl_geterror(r));
	*ret_socket = TAKE(socket);
	return 0;
}

/* Says that `address` be on lo, or not. *ret_status is the kernel's answer, in libnl's numbers. */
static int tell(int type, int flags, const struct cidr *address, int *ret_status, struct err *err)
{
	CLEANUP(nl_socket_freep) struct nl_sock *socket = NULL;
	CLEANUP(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(type, flags);
	struct ifaddrmsg header = {
		.ifa_family = AF_INET6,
		.ifa_prefixlen = address->prefix_length,
		.ifa_flags = IFA_F_PERMANENT,
		.ifa_scope = RT_SCOPE_HOST,
		.ifa_index = LOOPBACK_INDEX,
	};
	int r = open_socket(&socket, err);

	if (r < 0)
		return r;
	if (message == NULL || nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put(message, IFA_LOCAL, sizeof(address->addr_be), address->addr_be) < 0)
		return err_set(err, ENOMEM, "out of memory");
	*ret_status = nl_send_sync(socket, TAKE(message)); /* frees the message */
	return 0;
}

int pod_address_add_to_lo(const struct cidr *address, bool *ret_is_added, struct err *err)
{
	int status = 0;
	int r = tell(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, &status, err);

	if (r < 0)
		return r;
	switch (-status) {
	case NLE_SUCCESS:
		*ret_is_added = true;
		return 0;
	case NLE_EXIST:
	case NLE_NOACCESS:  /* EACCES: the sysctl disable_ipv6 is set */
	case NLE_OPNOTSUPP: /* EOPNOTSUPP: the kernel was started without IPv6 */
		*ret_is_added = false;
		return 0;
	default:
		return err_set(err, EIO, "an IPv6 address can not be added to lo: %s",
			       nl_geterror(status));
	}
}

int pod_address_remove_from_lo(const struct cidr *address, bool *ret_is_removed, struct err *err)
{
	int status = 0;
	int r = tell(RTM_DELADDR, 0, address, &status, err);

	if (r < 0)
		return r;
	switch (-status) {
	case NLE_SUCCESS:
		*ret_is_removed = true;
		return 0;
	case NLE_NOADDR: /* EADDRNOTAVAIL: it is not there */
	case NLE_OBJ_NOTFOUND:
	case NLE_OPNOTSUPP:
		*ret_is_removed = false;
		return 0;
	default:
		return err_set(err, EIO, "an IPv6 address can not be removed from lo: %s",
			       nl_geterror(status));
	}
}

/* What a dump of all IPv6 addresses has shown. */
struct seen {
	const struct cidr *sought; /* on lo; NULL: none is */
	bool has_global;           /* an address for the world outside, not on lo */
	bool has_any_on_lo;
	bool has_sought;
};

/* Called for each address of a dump; `argument` is a struct seen. */
static int note_address(struct nl_msg *message, void *argument)
{
	struct nlmsghdr *answer = nlmsg_hdr(message);
	const struct ifaddrmsg *header = nlmsg_data(answer);
	struct seen *seen = argument;

	if (header->ifa_family != AF_INET6)
		return NL_OK;
	if (header->ifa_index != LOOPBACK_INDEX) {
		seen->has_global = seen->has_global || header->ifa_scope == RT_SCOPE_UNIVERSE;
		return NL_OK;
	}
	/* The kernel leaves IFA_LOCAL out where it would say the same (inet6_fill_ifaddr()). */
	struct nlattr *address = nlmsg_find_attr(answer, sizeof(*header), IFA_ADDRESS);
	seen->has_any_on_lo = true;
	if (seen->sought != NULL && address != NULL &&
	    nla_len(address) == (int)sizeof(seen->sought->addr_be) &&
	    memcmp(nla_data(address), seen->sought->addr_be, sizeof(seen->sought->addr_be)) == 0)
		seen->has_sought = true;
	return NL_OK;
}

static int look(struct seen *seen, struct err *err)
{
	CLEANUP(nl_socket_freep) struct nl_sock *socket = NULL;
	struct ifaddrmsg question = {.ifa_family = AF_INET6};
	int r = open_socket(&socket, err);

	if (r < 0)
		return r;
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, note_address, seen);
	r = nl_send_simple(socket, RTM_GETADDR, NLM_F_DUMP, &question, sizeof(question));
	if (r >= 0)
		r = nl_recvmsgs_default(socket);
	if (r < 0 && r != -NLE_OPNOTSUPP)
		return err_set(err, EIO, "the addresses can not be listed: %s", nl_geterror(r));
	return 0;
}

int pod_address_is_missing_on_lo(const struct cidr *address, bool *ret_is_missing, struct err *err)
{
	struct seen seen = {.sought = address};
	int r = look(&seen, err);

	if (r == 0)
		*ret_is_missing = seen.has_any_on_lo && !seen.has_sought;
	return r;
}

int pod_address_has_global_v6(bool *ret_has, struct err *err)
{
	struct seen seen = {0};
	int r = look(&seen, err);

	if (r == 0)
		*ret_has = seen.has_global;
	return r;
}
