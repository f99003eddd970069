/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/mark_accept.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/file_read.h"

static const char PATH[] = "/proc/sys/net/ipv4/tcp_fwmark_accept";

enum { VALUE_SIZE_MAX = 16 };

int mark_accept_read(bool *ret_is_set, struct err *err)
{
	CLEANUP(freep) char *value = NULL;
	size_t length;
	int r = file_read_path(PATH, VALUE_SIZE_MAX, &value, &length, err);

	if (r == 0)
		*ret_is_set = value[0] != '0';
	return r;
}

static int say_unwritable(int errnum, struct err *err)
{
	return err_set(err, errnum, "%s can not be written: %s%s", PATH, strerror(errnum),
		       errnum == EROFS ? ": a privileged container has it writable" : "");
}

int mark_accept_write(bool is_set, struct err *err)
{
	int fd = open(PATH, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return say_unwritable(errno, err);
	int r = write(fd, is_set ? "1" : "0", 1) < 0 ? say_unwritable(errno, err) : 0;
	close(fd);
	return r;
}
