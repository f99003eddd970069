/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of objects that make pods, and where in each the pod is. */
#ifndef SIDEWIRE_WEBHOOK_WORKLOAD_H
#define SIDEWIRE_WEBHOOK_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>

enum { WORKLOAD_PATH_MAX = 5 }; /* members on the way to the pod, and the NULL */

struct workload {
	const char *group; /* "" for the core group */
	const char *kind;
	const char *path[WORKLOAD_PATH_MAX]; /* members down to metadata and spec of its pods; a
						NULL ends them, and is the first of a pod's own */
};

/* The workload of that kind, in whatever version; NULL for any other kind. Static. */
const struct workload *workload_find(const char *api_version, const char *kind)
	__attribute__((nonnull));

/*
 * Whether the kind is a list of objects in `items`: "List", or the list of one kind of workload, as
 * "DeploymentList". Of the latter *ret_item is that kind, since its items need not say it; else
 * NULL.
 */
bool workload_is_list(const char *api_version, const char *kind, const struct workload **ret_item)
	__attribute__((nonnull));

#endif
