/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entering a pod's network namespace. */
#ifndef SIDEWIRE_CNI_NETNS_H
#define SIDEWIRE_CNI_NETNS_H

#include "common/base/err.h"

/*
 * Enters the network namespace at `path` for good: the process is single threaded, and ends there.
 * Where that namespace belongs to another user namespace (a pod with hostUsers: false), that one is
 * entered first: the kernel takes rules about socket owners only from inside of it.
 *
 * -ENOENT: there is nothing at the path. -EINVAL: what is there is no network namespace. -ENOTUNIQ:
 * it is the one that the process is in, the host's, which nobody may touch: a pod on the host's
 * network has it. Otherwise what open(2) and setns(2) say. On failure the network namespace is
 * still the host's, in which nothing was touched.
 */
int netns_enter(const char *path, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
