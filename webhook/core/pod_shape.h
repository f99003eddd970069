/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outlines of a pod that injection relies on, checked once, and look-ups in what has them.
 * Everything else in a pod may have any shape: nobody here looks at it.
 */
#ifndef SIDEWIRE_WEBHOOK_POD_SHAPE_H
#define SIDEWIRE_WEBHOOK_POD_SHAPE_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

enum { POD_LIST_MAX = 4096 }; /* containers, or volumes, of one pod */

/* The lists of containers of a spec that a new pod may have. */
enum { POD_CONTAINER_LIST_COUNT = 2 };
extern const char *const POD_CONTAINER_LISTS[POD_CONTAINER_LIST_COUNT];

/*
 * Checks that metadata, its labels and annotations, and spec are objects where they are there, that
 * labels and annotations hold texts only, that containers, initContainers and volumes are arrays of
 * objects with names, and that no two containers and no two volumes have the same name. -EINVAL,
 * naming the path; -ENOMEM.
 */
int pod_shape_check(json_t *pod, struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * The element of that name in an array of objects; NULL when there is none. *ret_index, where it is
 * wanted, is its place. Borrowed.
 */
json_t *pod_named(const json_t *array, const char *name, size_t *ret_index)
	__attribute__((nonnull(2)));

/* The list `list` ("containers") of the pod's spec; NULL when it has none. Borrowed. */
json_t *pod_list(const json_t *pod, const char *list) __attribute__((nonnull));

/* The container or init container of that name; NULL when there is none. Borrowed. */
json_t *pod_container(const json_t *pod, const char *name) __attribute__((nonnull));

/* What the container mounts at that path; NULL when it is nothing. Borrowed. */
json_t *pod_mount(const json_t *container, const char *path) __attribute__((nonnull(2)));

/* The pod's annotations; NULL when it has none. Borrowed. */
json_t *pod_annotations(const json_t *pod) __attribute__((nonnull));

#endif
