/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"

static void closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

/* Namespaces are the same when the files that stand for them are: ioctl_ns(2). */
static int is_same(int fd, const char *own_path, bool *ret_is_same, struct err *err)
{
	struct stat other;
	struct stat own;

	if (fstat(fd, &other) < 0 || stat(own_path, &own) < 0)
		return err_set(err, errno, "%s can not be compared: %s", own_path, strerror(errno));
	*ret_is_same = other.st_dev == own.st_dev && other.st_ino == own.st_ino;
	return 0;
}

/* A file that stands for a network namespace. */
static int open_netns(const char *path, int *ret_fd, struct err *err)
{
	/* Not blocking: a path that is a FIFO shall be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_set(err, errno, "it can not be opened: %s", strerror(errno));
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return err_set(err, EINVAL, "it is no network namespace");
	}
	*ret_fd = fd;
	return 0;
}

/* Enters the user namespace that owns the network namespace, unless it is ours. */
static int enter_owner(int netns_fd, struct err *err)
{
	CLEANUP(closep) int fd = ioctl(netns_fd, NS_GET_USERNS);
	bool is_own = false;

	if (fd < 0)
		return err_set(err, errno, "its user namespace can not be found: %s",
			       strerror(errno));
	int r = is_same(fd, "/proc/self/ns/user", &is_own, err);
	if (r < 0 || is_own)
		return r;
	if (setns(fd, CLONE_NEWUSER) < 0)
		return err_set(err, errno, "its user namespace can not be entered: %s",
			       strerror(errno));
	return 0;
}

static int enter(const char *path, struct err *err)
{
	CLEANUP(closep) int fd = -1;
	bool is_own = false;
	int r = open_netns(path, &fd, err);

	if (r == 0)
		r = is_same(fd, "/proc/self/ns/net", &is_own, err);
	if (r < 0)
		return r;
	if (is_own)
		return err_set(err, ENOTUNIQ, "it is the host's: nothing was touched");
	r = enter_owner(fd, err);
	if (r < 0)
		return r;
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_set(err, errno, "it can not be entered: %s", strerror(errno));
	return 0;
}

int netns_enter(const char *path, struct err *err)
{
	return enter(path, err) < 0 ? err_wrap(err, "network namespace %s", path) : 0;
}
