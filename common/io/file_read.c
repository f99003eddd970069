/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

enum { CHUNK_SIZE = 4 * 1024 }; /* most files are smaller, and need no more of the stack */

int file_read_fd(int fd, size_t max, char **ret_data, size_t *ret_length, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf content = STRBUF_INIT;
	char chunk[CHUNK_SIZE];

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, errno, "cannot be read: %s", strerror(errno));
		if (got == 0)
			break;
		if ((size_t)got > max - content.length)
			return err_set(err, EFBIG, "has more than %zu bytes", max);
		strbuf_append(&content, chunk, (size_t)got);
	}
	size_t length = content.length;
	int r = strbuf_finish(&content, ret_data, err);
	if (r == 0)
		*ret_length = length;
	return r;
}

int file_read_path(const char *path, size_t max, char **ret_data, size_t *ret_length,
		   struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "%s: cannot be opened: %s", path, strerror(errno));
	int r = file_read_fd(fd, max, ret_data, ret_length, err);
	close(fd);
	if (r < 0)
		err_wrap(err, "%s", path);
	return r;
}
