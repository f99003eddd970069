/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/own_address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <netinet/in.h>

#include "cni/core/netlink_errnum.h"

enum { LOOPBACK_INDEX = 1 }; /* lo is the first interface of every namespace */

/* What is left of an answer, or of a message in it. */
struct rest {
	const unsigned char *bytes;
	size_t length;
};

/* Lengths in netlink are padded to four bytes (NLMSG_ALIGN, RTA_ALIGN). */
static size_t padded(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

static void skip(struct rest *rest, size_t length)
{
	size_t step = padded(length) < rest->length ? padded(length) : rest->length;

	rest->bytes += step;
	rest->length -= step;
}

/* The next attribute's value, which rtattr(7) puts behind its header. */
static bool next_attribute(struct rest *rest, unsigned short *ret_type, struct rest *ret_value)
{
	struct rtattr header;

	if (rest->length < sizeof(header))
		return false;
	memcpy(&header, rest->bytes, sizeof(header));
	if (header.rta_len < sizeof(header) || header.rta_len > rest->length)
		return false;
	*ret_type = header.rta_type;
	*ret_value = (struct rest){rest->bytes + sizeof(header), header.rta_len - sizeof(header)};
	skip(rest, header.rta_len);
	return true;
}

/* The address itself: on a link with two ends IFA_ADDRESS is the other's, and IFA_LOCAL ours. */
static bool find_address(struct rest attributes, size_t size, struct rest *ret_address)
{
	bool is_found = false;
	unsigned short type;
	struct rest value;

	while (next_attribute(&attributes, &type, &value)) {
		if (value.length != size ||
		    (type != IFA_LOCAL && (type != IFA_ADDRESS || is_found)))
			continue;
		*ret_address = value;
		is_found = true;
	}
	return is_found;
}

static void add(struct rest message, struct own_address_list *list)
{
	struct ifaddrmsg header;
	struct rest address;

	if (message.length < sizeof(header) || list->count == OWN_ADDRESS_MAX)
		return;
	memcpy(&header, message.bytes, sizeof(header));
	skip(&message, sizeof(header));
	bool is_v6 = header.ifa_family == AF_INET6;
	size_t size = is_v6 ? CIDR_V6_BITS / 8 : CIDR_V4_BITS / 8;
	if ((!is_v6 && header.ifa_family != AF_INET) || header.ifa_index == LOOPBACK_INDEX ||
	    (is_v6 && header.ifa_scope == RT_SCOPE_LINK) || !find_address(message, size, &address))
		return;
	struct cidr *item = &list->items[list->count++];
	*item = (struct cidr){.is_v6 = is_v6, .prefix_length = is_v6 ? CIDR_V6_BITS : CIDR_V4_BITS};
	memcpy(item->addr_be, address.bytes, size);
}

static int refused(struct rest message, struct err *err)
{
	struct nlmsgerr error;

	if (message.length < sizeof(error))
		return err_set(err, EIO, "the kernel's answer is cut short");
	memcpy(&error, message.bytes, sizeof(error));
	int errnum = netlink_errnum(error.error);
	return errnum != 0 ? err_set(err, errnum, "the kernel tells no addresses") : 0;
}

int own_address_read(const void *answer, size_t length, struct own_address_list *list,
		     bool *ret_is_last, struct err *err)
{
	struct rest rest = {answer, length};
	struct nlmsghdr header;

	*ret_is_last = false;
	while (rest.length >= sizeof(header)) {
		memcpy(&header, rest.bytes, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest.length)
			return 0;
		struct rest message = {rest.bytes + sizeof(header),
				       header.nlmsg_len - sizeof(header)};
		if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE)
			*ret_is_last = true;
		if (header.nlmsg_type == NLMSG_ERROR)
			return refused(message, err);
		if (header.nlmsg_type == RTM_NEWADDR)
			add(message, list);
		skip(&rest, header.nlmsg_len);
	}
	return 0;
}
