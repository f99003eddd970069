/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a directory that hold YAML or JSON. */
#ifndef SIDEWIRE_WEBHOOK_YAML_FILES_H
#define SIDEWIRE_WEBHOOK_YAML_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct path_list {
	char **paths; /* owned, each and all */
	size_t count;
};

/* Adds a copy of the path. -ENOMEM. */
int path_list_add(struct path_list *list, const char *path, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the list. For CLEANUP(). */
void path_list_release(struct path_list *list) __attribute__((nonnull));

/*
 * Adds the files *.yaml, *.yml and *.json of the directory, sorted by bytes, so that the order is
 * the same in every locale; of directories inside of it too where `is_recursive`, symbolic links
 * not followed. Names that begin with a dot are left out (kubelet's `..data` among them). What
 * opening says; -ENOMEM.
 */
int yaml_files_list(const char *directory, bool is_recursive, struct path_list *list,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
