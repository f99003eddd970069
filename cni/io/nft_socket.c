/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/nft_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"

enum {
	RECEIVE_SIZE = 32768, /* the most that the kernel tells at once (netlink_recvmsg()) */
	SEND_OVERHEAD = 4096, /* what it counts besides the bytes */
};

void nft_socket_closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

int nft_socket_open(int *ret_fd, struct err *err)
{
	CLEANUP(nft_socket_closep)
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 && (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT))
		return err_set(err, ENOPROTOOPT,
			       "the kernel has no nfnetlink: load it with modprobe nfnetlink");
	if (fd < 0)
		return err_set(err, errno, "no netlink socket: %s", strerror(errno));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int send_all(int fd, const struct strbuf *bytes, struct err *err)
{
	static const struct sockaddr_nl KERNEL = {.nl_family = AF_NETLINK};
	ssize_t sent = sendto(fd, bytes->data, bytes->length, 0, (const struct sockaddr *)&KERNEL,
			      sizeof(KERNEL));

	if (sent < 0)
		return err_set(err, errno == EMSGSIZE ? ENOBUFS : errno,
			       "nf_tables can not be told of %zu bytes: %s", bytes->length,
			       strerror(errno));
	return 0;
}

/* Reads what the kernel has said by now. 0 bytes: no more. */
static int receive(int fd, uint8_t *buffer, struct nft_rest *ret_rest, struct err *err)
{
	ssize_t received = recv(fd, buffer, RECEIVE_SIZE, MSG_DONTWAIT);

	if (received < 0 && errno != EAGAIN)
		return err_set(err, EIO, "nf_tables' answer can not be read: %s", strerror(errno));
	*ret_rest = (struct nft_rest){buffer, received < 0 ? 0 : (size_t)received};
	return 0;
}

/* What an answer of the kernel means. */
static int say_answer(int errnum, struct err *err)
{
	switch (errnum) {
	case 0:
		return 0;
	case EINVAL: /* nfnetlink_rcv_msg(): no such subsystem */
	case EOPNOTSUPP:
		return err_set(err, ENOPROTOOPT,
			       "the kernel has no nf_tables: load it with modprobe nf_tables");
	case EINTR:
	case ENOENT:
	case EPERM:
		return err_set(err, errnum, "nf_tables: %s", strerror(errnum));
	default:
		return err_set(err, EIO, "nf_tables: %s", strerror(errnum));
	}
}

/* Listens to what was received. *ret_is_end: the answer has come to its end. */
static int listen_to(struct nft_rest rest, nft_listener *listener, void *argument, bool *ret_is_end,
		     struct err *err)
{
	struct nft_message message;
	int r = 0;

	while (r == 0 && nft_message_next(&rest, &message)) {
		if (message.is_interrupted)
			return err_set(err, EINTR, "the ruleset was changed while it was read");
		if (message.kind == NFT_ANSWERED) {
			*ret_is_end = true;
			return say_answer(message.errnum, err);
		}
		r = listener(&message, argument, err);
		*ret_is_end = !message.is_part;
	}
	return r;
}

int nft_socket_ask(int fd, const struct strbuf *request, nft_listener *listener, void *argument,
		   struct err *err)
{
	CLEANUP(freep) uint8_t *buffer = malloc(RECEIVE_SIZE);
	bool is_end = false;

	if (buffer == NULL || request->is_failed)
		return err_set(err, ENOMEM, "out of memory");
	int r = send_all(fd, request, err);
	while (r == 0 && !is_end) {
		struct nft_rest rest = {0};

		r = receive(fd, buffer, &rest, err);
		if (r == 0 && rest.length == 0)
			return err_set(err, EIO, "nf_tables' answer ends too early");
		if (r == 0)
			r = listen_to(rest, listener, argument, &is_end, err);
	}
	return r;
}

/* A batch has to come in one piece. */
static void make_room(int fd, size_t bytes)
{
	int size = (int)(bytes + SEND_OVERHEAD);

	/* Where it is not forced, what the system allows may still be enough. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* How refusals are to be told of. */
static void ask_for_refusals(int fd)
{
	static const int ON = 1;

	/* Kernels without them tell less, and are understood too. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &ON, sizeof(ON));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &ON, sizeof(ON));
	/* Those for which there is no room may be lost: the first is what counts. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &ON, sizeof(ON));
}

int nft_socket_commit(int fd, const struct strbuf *batch, struct nft_message *ret_refusal,
		      struct err *err)
{
	CLEANUP(freep) uint8_t *buffer = malloc(RECEIVE_SIZE);
	struct nft_rest rest = {0};

	if (buffer == NULL || batch->is_failed)
		return err_set(err, ENOMEM, "out of memory");
	ask_for_refusals(fd);
	make_room(fd, batch->length);
	struct nft_message refusal = {0};
	int r = send_all(fd, batch, err);
	while (r == 0) {
		struct nft_message message;

		r = receive(fd, buffer, &rest, err);
		if (r < 0 || rest.length == 0)
			break;
		/* The first refusal is what counts; others follow from it. */
		while (nft_message_next(&rest, &message)) {
			if (message.errnum != 0 && refusal.errnum == 0)
				refusal = message;
		}
	}
	if (r == 0)
		*ret_refusal = refusal;
	return r;
}
