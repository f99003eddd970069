/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/rtnetlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <netlink/errno.h>
#include <netlink/socket.h>
#include <stdbool.h>
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

enum {
	LIST_ATTEMPTS = 5,  /* a list that changes each time is given up in the end */
	MESSAGE_SIZE = 256, /* of what is sent; libnl would make, and clear, a page for each */
};

static void nl_socket_freep(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

void rtnetlink_release(struct rtnetlink *rtnetlink)
{
	nl_socket_freep(&rtnetlink->socket);
	*rtnetlink = (struct rtnetlink){0};
}

static int open_socket(struct nl_sock **ret_socket, struct err *err)
{
	CLEANUP(nl_socket_freep) struct nl_sock *socket = nl_socket_alloc();
	const int is_on = 1;

	if (socket == NULL)
		return err_set(err, ENOMEM, "out of memory");
	nlmsg_set_default_size(MESSAGE_SIZE);
	int r = nl_connect(socket, NETLINK_ROUTE);
	if (r < 0)
		return err_set(err, EIO, "no netlink socket: %s", nl_geterror(r));
	/* Linux before 4.20 has it not, and gives all. */
	(void)setsockopt(nl_socket_get_fd(socket), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &is_on,
			 sizeof(is_on));
	/* The kernel never tells more at once than it is asked for (netlink_dump()). */
	nl_socket_disable_msg_peek(socket);
	*ret_socket = TAKE(socket);
	return 0;
}

/* Opens it where it is not open. */
static int begin(struct rtnetlink *rtnetlink, struct err *err)
{
	return rtnetlink->socket != NULL ? 0 : open_socket(&rtnetlink->socket, err);
}

int rtnetlink_tell(struct rtnetlink *rtnetlink, struct nl_msg *message, int *ret_status,
		   struct err *err)
{
	CLEANUP(nlmsg_freep) struct nl_msg *owned = message;
	int r = begin(rtnetlink, err);

	if (r < 0)
		return r;
	*ret_status = nl_send_sync(rtnetlink->socket, TAKE(owned)); /* frees the message */
	/* The answer may be what could not be read: the next question must not hear it. */
	if (*ret_status < 0)
		rtnetlink_release(rtnetlink);
	return 0;
}

/* Called at the end of a list. */
static int note_end(struct nl_msg *message, void *argument)
{
	bool *is_complete = argument;

	(void)message;
	*is_complete = true;
	return NL_OK;
}

/* One attempt; what libnl says. */
static int list_once(struct nl_sock *socket, struct nl_msg *question,
		     const struct rtnetlink_listener *listener)
{
	CLEANUP(nlmsg_freep) struct nl_msg *message = nlmsg_convert(nlmsg_hdr(question));

	if (message == NULL)
		return -NLE_NOMEM;
	nlmsg_hdr(message)->nlmsg_flags |= NLM_F_DUMP;
	listener->forget(listener->argument);
	int r = nl_send_auto(socket, message);
	return r < 0 ? r : nl_recvmsgs_default(socket);
}

int rtnetlink_list(struct rtnetlink *rtnetlink, struct nl_msg *question,
		   const struct rtnetlink_listener *listener, struct err *err)
{
	bool is_complete = false;
	int r = begin(rtnetlink, err);

	if (r < 0)
		return r;
	nl_socket_modify_cb(rtnetlink->socket, NL_CB_VALID, NL_CB_CUSTOM, listener->note,
			    listener->argument);
	nl_socket_modify_cb(rtnetlink->socket, NL_CB_FINISH, NL_CB_CUSTOM, note_end, &is_complete);
	r = -NLE_DUMP_INTR;
	for (int attempt = 0; r == -NLE_DUMP_INTR && attempt < LIST_ATTEMPTS; attempt++) {
		is_complete = false;
		r = list_once(rtnetlink->socket, question, listener);
	}
	nl_socket_modify_cb(rtnetlink->socket, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	nl_socket_modify_cb(rtnetlink->socket, NL_CB_FINISH, NL_CB_DEFAULT, NULL, NULL);
	if (r < 0 || !is_complete)
		rtnetlink_release(rtnetlink);
	if (r == -NLE_OPNOTSUPP || r == -NLE_AF_NOSUPPORT)
		return 0;
	if (r < 0)
		return err_set(err, EIO, "%s", nl_geterror(r));
	return is_complete ? 0 : err_set(err, EIO, "the list ends too early");
}
