/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing files that others read at any moment: whole, or not at all, also after a power cut. The
 * new content goes to a temporary file in the same directory (whoever watches the directory must
 * see the rename: containerd does not notice a file that comes from another one), is synced, and
 * renamed over the file.
 */
#ifndef SIDEWIRE_IO_FILE_WRITE_H
#define SIDEWIRE_IO_FILE_WRITE_H

#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

/* What stands behind the file's own name in that of its temporary file: no configuration's
 * extension anywhere. One process writes a file at a time. */
#define FILE_WRITE_SUFFIX ".sidewire-tmp"

/* The bytes that a file may have that is edited. */
enum { FILE_WRITE_EDIT_MAX = 4 * 1024 * 1024 };

/* Bytes to write, or to find. */
struct file_content {
	const void *data; /* borrowed */
	size_t length;
};

/* Creates or replaces the file. What open(2), write(2), fsync(2) and rename(2) say, with the path.
 */
int file_write_replace(const char *path, struct file_content content, mode_t mode, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Replaces the content of a file that still has the content `expected`; mode and owner stay. The
 * two files change places in one step, so what another writer does at the same time is not lost:
 * if it was not `expected` that came out, it goes back. (What is lost is the write of one who
 * opened the file before and begins to write only after a moment.) Whoever is killed between the
 * exchange and the way back leaves our content in the place, and the other's in the temporary file,
 * which file_write_sweep() removes: that write is lost. -EBUSY when the file had another
 * content, and has it still; else as file_write_replace().
 */
int file_write_edit(const char *path, struct file_content expected, struct file_content content,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/* Removes the file, for good. No such file is success. What unlink(2) and fsync(2) say. */
int file_write_remove(const char *path, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Removes temporary files that a killed process has left in the directory. What opendir(3) and
 * unlink(2) say. */
int file_write_sweep(const char *directory, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
