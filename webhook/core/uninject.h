/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking out of a pod what injection has put in. Pure, as injection is: an offline tool can call
 * it.
 */
#ifndef SIDEWIRE_WEBHOOK_UNINJECT_H
#define SIDEWIRE_WEBHOOK_UNINJECT_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * The pod, or pod template, as it was before it was injected; what others have added to it since
 * then, or made of what injection wrote, stays. Of the latter `left`, an array, gets the places, as
 * undo_tree_apply() tells them. uninject(inject(pod)) equals the pod.
 *
 * Of the annotation sidewire.io/status it needs the members "version", 1, and "undo", the tree of
 * undo_tree.h, and ignores all others; nothing else in the pod is asked. A pod without that
 * annotation is not injected: *ret_pod is `pod` itself then. The pod is never changed, and what
 * stays is shared with it. The caller owns *ret_pod. -EINVAL, naming the annotation, where it was
 * not written by injection; -ENOMEM.
 */
int uninject(json_t *pod, json_t *left, json_t **ret_pod, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Reads the tree out of the pod's annotation: *ret_tree, which is borrowed from *ret_status; both
 * NULL where the pod has no such annotation. The caller owns *ret_status. -EINVAL as above;
 * -ENOMEM.
 */
int uninject_read(const json_t *pod, json_t **ret_status, json_t **ret_tree, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
