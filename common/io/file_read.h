/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a whole file or descriptor into memory, with a bound on its size. */
#ifndef SIDEWIRE_IO_FILE_READ_H
#define SIDEWIRE_IO_FILE_READ_H

#include <stddef.h>

#include "common/base/err.h"

/*
 * Reads the descriptor to its end. The caller frees *ret_data, which has a NUL behind its
 * *ret_length bytes. -EFBIG over `max` bytes; -ENOMEM; what read(2) says. The descriptor stays
 * open.
 */
int file_read_fd(int fd, size_t max, char **ret_data, size_t *ret_length, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The same for a file; every message begins with the path. Also what open(2) says. */
int file_read_path(const char *path, size_t max, char **ret_data, size_t *ret_length,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
