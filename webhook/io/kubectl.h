/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads objects of a cluster by running kubectl, which knows how its user logs in there. */
#ifndef SIDEWIRE_WEBHOOK_KUBECTL_H
#define SIDEWIRE_WEBHOOK_KUBECTL_H

#include <stddef.h>

#include "common/base/err.h"

enum { KUBECTL_ARGUMENTS_MAX = 8 };

/*
 * The output of `kubectl get ARGUMENT... --output json`, with a NUL behind it; the arguments end
 * with NULL. What kubectl says to standard error goes to ours. The caller frees *ret_text.
 * -ENOENT when there is no kubectl; -EIO when it fails; -EFBIG over 64 MiB; what pipe(2) says;
 * -ENOMEM.
 */
int kubectl_get(const char *const arguments[static KUBECTL_ARGUMENTS_MAX], char **ret_text,
		size_t *ret_length, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
