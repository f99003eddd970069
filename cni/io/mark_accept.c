/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/mark_accept.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/file_read.h"

static const struct {
	const char *name;
	const char *path;
	bool is_v6; /* not there where the kernel has no IPv6 */
} SYSCTLS[] = {
	{"net.ipv4.tcp_fwmark_accept", "/proc/sys/net/ipv4/tcp_fwmark_accept", false},
	{"net.ipv4.fwmark_reflect", "/proc/sys/net/ipv4/fwmark_reflect", false},
	{"net.ipv6.fwmark_reflect", "/proc/sys/net/ipv6/fwmark_reflect", true},
};

enum {
	VALUE_SIZE_MAX = 16,
	SYSCTL_COUNT = sizeof(SYSCTLS) / sizeof(SYSCTLS[0]),
};

/* The kernel takes every number but 0 for "on", and keeps it: by this one what is ours is known. */
#define OURS "2"

_Static_assert(MARK_ACCEPT_ALL == (1u << SYSCTL_COUNT) - 1, "a bit for each");

/* What the kernel has not, since it has no IPv6, is never missing. */
static int read_one(size_t sysctl, bool *ret_is_set, bool *ret_is_ours, struct err *err)
{
	const char *path = SYSCTLS[sysctl].path;
	CLEANUP(freep) char *value = NULL;
	size_t length;
	struct err cause;
	int r = file_read_path(path, VALUE_SIZE_MAX, &value, &length, &cause);
	bool is_absent = r == -ENOENT;

	if (is_absent && !SYSCTLS[sysctl].is_v6)
		return err_set(err, ENOENT, "%s is not there: is /proc mounted?", path);
	if (r < 0 && !is_absent) {
		*err = cause;
		return r;
	}
	*ret_is_set = is_absent || value[0] != '0';
	*ret_is_ours = !is_absent && strcmp(value, OURS "\n") == 0;
	return 0;
}

int mark_accept_read(struct mark_accept *ret_found, struct err *err)
{
	struct mark_accept found = {0};

	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		bool is_set = false;
		bool is_ours = false;
		int r = read_one(i, &is_set, &is_ours, err);

		if (r < 0)
			return r;
		found.set |= is_set ? 1u << i : 0;
		found.ours |= is_ours ? 1u << i : 0;
	}
	*ret_found = found;
	return 0;
}

const char *mark_accept_missing(uint32_t set)
{
	for (size_t i = 0; i < SYSCTL_COUNT; i++) {
		if ((set & 1u << i) == 0)
			return SYSCTLS[i].name;
	}
	return NULL;
}

static int say_unwritable(const char *path, int errnum, struct err *err)
{
	return err_set(err, errnum, "%s can not be written: %s%s", path, strerror(errnum),
		       errnum == EROFS ? ": a privileged container has it writable" : "");
}

static int write_one(const char *path, bool is_set, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* mark_accept_read() has seen that it may be absent. */
	if (fd < 0)
		return errno == ENOENT ? 0 : say_unwritable(path, errno, err);
	int r = write(fd, is_set ? OURS : "0", 1) < 0 ? say_unwritable(path, errno, err) : 0;
	close(fd);
	return r;
}

int mark_accept_write(uint32_t ours, struct err *err)
{
	struct mark_accept before = {0};
	int r = mark_accept_read(&before, err);

	ours &= before.ours | ~before.set;
	for (size_t i = 0; r == 0 && i < SYSCTL_COUNT; i++) {
		if (((ours ^ before.ours) & 1u << i) != 0)
			r = write_one(SYSCTLS[i].path, (ours & 1u << i) != 0, err);
	}
	return r;
}
