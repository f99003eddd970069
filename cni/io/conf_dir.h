/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of network configurations: read into values, and changed as a plan says. */
#ifndef SIDEWIRE_CNI_CONF_DIR_H
#define SIDEWIRE_CNI_CONF_DIR_H

#include "cni/core/install_plan.h"
#include "common/base/err.h"

/*
 * Reads every file that a runtime looks at. A file that cannot be read, is too long or is no
 * regular file (a symbolic link would be replaced, and the target is not ours) is there with the
 * reason. The caller releases *ret_files. What opendir(3) says; -ENOMEM.
 */
int conf_dir_read(const char *directory, struct conf_files *ret_files, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Does the plan's steps, up to the first that fails; those of a removal all, whichever fails, and
 * then the first failure counts. -EBUSY when a file is no longer what the plan
 * was made for: read and plan again; else what file_write.h says.
 */
int conf_dir_apply(const char *directory, const struct install_plan *plan, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
