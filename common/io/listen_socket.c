/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/parse_num.h"

enum { BACKLOG = 512 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_size(const union address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

/* Reads the host part, which is `length` bytes, with the brackets of IPv6. */
static bool parse_host(const char *text, size_t length, uint16_t port_host, union address *address)
{
	char host[INET6_ADDRSTRLEN + 2];

	if (length == 0 || length >= sizeof(host))
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	if (host[0] != '[' || host[length - 1] != ']') {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port_host);
		return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1;
	}
	host[length - 1] = '\0';
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(port_host);
	return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1;
}

static int parse(const char *text, union address *address, struct err *err)
{
	const char *colon = strrchr(text, ':');
	uint32_t port_host;
	struct err ignored;

	if (colon == NULL ||
	    parse_u32(colon + 1, strlen(colon + 1), 0, UINT16_MAX, &port_host, &ignored) < 0 ||
	    !parse_host(text, (size_t)(colon - text), (uint16_t)port_host, address))
		return err_set(err, EINVAL,
			       "'%.80s' is no address to listen on, such as [::]:8443 or "
			       "127.0.0.1:0",
			       text);
	return 0;
}

/* Turns [::] into 0.0.0.0. false for every other address. */
static bool fall_back(union address *address)
{
	if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr))
		return false;
	in_port_t port_be = address->v6.sin6_port;
	*address = (union address){.v4 = {.sin_family = AF_INET, .sin_port = port_be}};
	return true;
}

/* A listening socket, or -1 with errno. */
static int listen_on(const union address *address)
{
	int off = 0;
	int on = 1;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if ((address->any.sa_family != AF_INET6 ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, &address->any, address_size(address)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int listen_socket_open(const char *text, int *ret_fd, uint16_t *ret_port_host, struct err *err)
{
	union address address = {0};
	socklen_t size = sizeof(address);
	int r = parse(text, &address, err);

	if (r < 0)
		return r;
	int fd = listen_on(&address);
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) && fall_back(&address))
		fd = listen_on(&address);
	if (fd < 0 || getsockname(fd, &address.any, &size) < 0) {
		r = err_set(err, errno, "cannot listen on %s: %s", text, strerror(errno));
		if (fd >= 0)
			close(fd);
		return r;
	}
	*ret_fd = fd;
	/* The port stands at the same place in both families. */
	*ret_port_host = ntohs(address.v4.sin_port);
	return 0;
}
