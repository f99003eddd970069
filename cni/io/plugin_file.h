/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's binary in the directory where runtimes look for plugins. */
#ifndef SIDEWIRE_CNI_PLUGIN_FILE_H
#define SIDEWIRE_CNI_PLUGIN_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/base/err.h"

struct plugin_file {
	const char *source;    /* the binary to install; borrowed */
	const char *directory; /* where to; borrowed */
	/* What the installed file was when its bytes were compared last: as long as it is that
	 * very file, they need not be read again. Zeroed: never. */
	struct stat compared;
};

/* Whether the installed file has the bytes and the mode of what is to be installed. What open(2)
 * and mmap(2) say of the source. */
int plugin_file_check(struct plugin_file *file, bool *ret_is_in_place, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Installs it, by rename: a binary that runs can not be written. What file_write_replace() says. */
int plugin_file_install(const struct plugin_file *file, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
