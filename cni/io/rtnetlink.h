/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A conversation with rtnetlink(7) of the network namespace that the process is in, by libnl. */
#ifndef SIDEWIRE_CNI_RTNETLINK_H
#define SIDEWIRE_CNI_RTNETLINK_H

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "common/base/err.h"

/* {0} at first. Stays in the namespace in which it was used first. */
struct rtnetlink {
	struct nl_sock *socket; /* owned; NULL before the first use, and after a failure */
};

/* Ends the conversation; it may be begun anew. For CLEANUP(). */
void rtnetlink_release(struct rtnetlink *rtnetlink) __attribute__((nonnull));

enum { LOOPBACK_INDEX = 1 }; /* lo is the first interface of every namespace */

/*
 * Sends a message, and frees it in every case. *ret_status is the kernel's answer, in libnl's
 * numbers (netlink/errno.h): 0, or negative. -EIO without an answer.
 */
int rtnetlink_tell(struct rtnetlink *rtnetlink, struct nl_msg *message, int *ret_status,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

/* What hears a list; `argument` is given to both. `note` returns NL_OK: what it does not hear would
 * be the next answer. */
struct rtnetlink_listener {
	void (*forget)(void *argument);
	nl_recvmsg_msg_cb_t note;
	void *argument;
};

/*
 * Asks for a list, and calls `note` with each message of it; the question is only read. Newer
 * kernels give only what the question describes, older ones all: `note` has to look. A list that
 * changed while it was given is asked for anew: `forget` is called before each attempt. What the
 * kernel does not have is an empty list. -EIO with what netlink said, or where the list has no end.
 */
int rtnetlink_list(struct rtnetlink *rtnetlink, struct nl_msg *question,
		   const struct rtnetlink_listener *listener, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* nlmsg_free() for CLEANUP(). */
static inline void nlmsg_freep(struct nl_msg **message)
{
	nlmsg_free(*message);
}

#endif
