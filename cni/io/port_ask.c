/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/port_ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cni/core/own_address.h"
#include "cni/io/connect_attempt.h"
#include "common/io/monotonic.h"

enum {
	ANSWER_MAX_MS = 100,        /* a kernel answers for itself in microseconds */
	NETLINK_BUFFER = 32 * 1024, /* no piece of an answer is longer (NLMSG_GOODSIZE) */
	LOOPBACK_COUNT = 2,
	ATTEMPT_MAX = LOOPBACK_COUNT + OWN_ADDRESS_MAX,
};

static const struct cidr LOOPBACKS[LOOPBACK_COUNT] = {
	{.prefix_length = CIDR_V4_BITS, .addr_be = {127, 0, 0, 1}},
	{.is_v6 = true, .prefix_length = CIDR_V6_BITS, .addr_be = {[15] = 1}},
};

/* The attempts that were made, in their order; -1 where one has ended. */
struct attempts {
	struct pollfd fds[ATTEMPT_MAX];
	size_t count;
};

static int start(const struct cidr *address, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 to_v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&to.sin_addr, address->addr_be, sizeof(to.sin_addr));
	memcpy(&to_v6.sin6_addr, address->addr_be, sizeof(to_v6.sin6_addr));
	if (address->is_v6)
		return connect_attempt_start((const struct sockaddr *)&to_v6, NULL, sizeof(to_v6));
	return connect_attempt_start((const struct sockaddr *)&to, NULL, sizeof(to));
}

/*
 * Whether a connection has itself at its other end. A port that nobody listens on may be one that
 * the kernel gives to who connects; given to this very attempt, that meets itself (RFC 793 section
 * 3.4, simultaneous open).
 */
static bool is_to_itself(int fd)
{
	struct sockaddr_storage own = {0};
	struct sockaddr_storage peer = {0};
	socklen_t own_size = sizeof(own);
	socklen_t peer_size = sizeof(peer);

	return getsockname(fd, (struct sockaddr *)&own, &own_size) == 0 &&
	       getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
	       own_size == peer_size && memcmp(&own, &peer, own_size) == 0;
}

/* Looks at those that have ended. Whether one of them is connected. */
static bool reap(struct attempts *attempts, size_t *pending)
{
	for (size_t i = 0; i < attempts->count; i++) {
		struct pollfd *attempt = &attempts->fds[i];

		if (attempt->fd < 0 || attempt->revents == 0)
			continue;
		if (connect_attempt_outcome(attempt->fd) == 0 && !is_to_itself(attempt->fd))
			return true;
		close(attempt->fd);
		attempt->fd = -1;
		--*pending;
	}
	return false;
}

/* Waits until one is connected (0), all have failed (ECONNREFUSED), or the time is over
 * (ETIMEDOUT). */
static int wait_for_any(struct attempts *attempts, int64_t deadline_ms)
{
	size_t pending = 0;

	for (size_t i = 0; i < attempts->count; i++)
		pending += attempts->fds[i].fd >= 0 ? 1 : 0;
	while (pending > 0) {
		int64_t left_ms = deadline_ms - monotonic_ms();

		if (poll(attempts->fds, attempts->count, left_ms > 0 ? (int)left_ms : 0) <= 0)
			return ETIMEDOUT;
		if (reap(attempts, &pending))
			return 0;
	}
	return ECONNREFUSED;
}

/* Asks one address too. As wait_for_any(), but not for long. */
static int ask(struct attempts *attempts, const struct cidr *address, uint16_t port)
{
	int fd = start(address, port);

	if (fd >= 0)
		attempts->fds[attempts->count++] = (struct pollfd){.fd = fd, .events = POLLOUT};
	return wait_for_any(attempts, monotonic_ms() + ANSWER_MAX_MS);
}

/* Reads the kernel's answer. Without one there are no addresses but the loopbacks. */
static void receive_addresses(int fd, struct own_address_list *list)
{
	union {
		struct nlmsghdr alignment;
		char bytes[NETLINK_BUFFER];
	} piece;
	bool is_last = false;
	struct err err;

	while (!is_last) {
		ssize_t length = recv(fd, piece.bytes, sizeof(piece.bytes), 0);

		if (length <= 0 ||
		    own_address_read(piece.bytes, (size_t)length, list, &is_last, &err) < 0)
			return;
	}
}

static void find_addresses(struct own_address_list *list)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg body;
	} request = {.header = {.nlmsg_len = sizeof(request),
				.nlmsg_type = RTM_GETADDR,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return;
	if (send(fd, &request, sizeof(request), 0) == sizeof(request))
		receive_addresses(fd, list);
	close(fd);
}

static int ask_all(struct attempts *attempts, uint16_t port, int64_t deadline_ms)
{
	struct own_address_list own = {.count = 0};
	int reason = ECONNREFUSED;

	for (size_t i = 0; reason != 0 && i < LOOPBACK_COUNT; i++)
		reason = ask(attempts, &LOOPBACKS[i], port);
	if (reason == 0)
		return 0;
	find_addresses(&own);
	for (size_t i = 0; reason != 0 && i < own.count; i++)
		reason = ask(attempts, &own.items[i], port);
	return reason != 0 ? wait_for_any(attempts, deadline_ms) : 0;
}

int port_ask_once(uint16_t port, int64_t timeout_ms)
{
	struct attempts attempts = {.count = 0};
	int reason = ask_all(&attempts, port, monotonic_ms() + timeout_ms);

	for (size_t i = 0; i < attempts.count; i++) {
		if (attempts.fds[i].fd >= 0)
			close(attempts.fds[i].fd);
	}
	return reason;
}
