/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/connect_attempt.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* 0, or a negative errno. */
static int bind_source(int fd, const struct sockaddr *from, socklen_t size)
{
	const struct linger reset_on_close = {.l_onoff = 1};
	const int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
	return bind(fd, from, size) == 0 ? 0 : -errno;
}

int connect_attempt_start(const struct sockaddr *to, const struct sockaddr *from, socklen_t size)
{
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int reason = from != NULL ? bind_source(fd, from, size) : 0;
	if (reason == 0 && connect(fd, to, size) < 0 && errno != EINPROGRESS)
		reason = -errno;
	if (reason == 0)
		return fd;
	close(fd);
	return reason;
}

int connect_attempt_outcome(int fd)
{
	int errnum = 0;
	socklen_t size = sizeof(errnum);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &size) < 0 ? errno : errnum;
}
