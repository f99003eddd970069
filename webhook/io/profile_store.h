/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles from a directory, as a mounted ConfigMap is one: each file *.yaml, *.yml or *.json is
 * one profile. A set is read whole or not at all.
 *
 * The kubelet mounts a ConfigMap as a directory of its own, and puts another one in its place by
 * renaming the symbolic link `..data` (k8s.io/kubernetes pkg/volume/util, AtomicWriter). Where that
 * link is, files are read through it and nowhere else: beside it stand links to single files, which
 * come and go one by one.
 */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_STORE_H
#define SIDEWIRE_WEBHOOK_PROFILE_STORE_H

#include "common/base/err.h"
#include "webhook/core/profile.h"

enum { PROFILE_VERSION_SIZE = 256 }; /* a name (NAME_MAX), and the NUL */

/*
 * What tells one state of a mounted ConfigMap from the next, the target of its `..data`; empty
 * where there is no such link.
 */
void profile_store_version(const char *directory, char ret_version[static PROFILE_VERSION_SIZE])
	__attribute__((nonnull));

/*
 * Reads all profiles of the directory; of a mounted ConfigMap, those of one version. Names that
 * begin with a dot are no profiles (kubelet's
 * `..data` among them), nor are other suffixes. The caller releases *ret_set.
 * -ENOENT when there is no profile (a link that leads nowhere is a bad one); -EAGAIN when the
 * ConfigMap changes faster than it is read; -EFBIG, -EINVAL, -EEXIST, -E2BIG, naming the file, when
 * one of them is bad; what opening says; -ENOMEM.
 */
int profile_store_load(const char *directory, struct profile_set *ret_set, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Reads one file, whatever its name, and adds the profile to the set. The errors of
 * profile_store_load() for a bad one. */
int profile_store_add(struct profile_set *set, const char *path, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Names of the set as a comma list. The caller frees *ret_names. -ENOMEM. */
int profile_store_names(const struct profile_set *set, char **ret_names, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* A hash over names and contents of the set: equal for equal sets, however they were stored. */
void profile_store_hash(const struct profile_set *set, char ret_hash[static PROFILE_HASH_SIZE])
	__attribute__((nonnull));

#endif
