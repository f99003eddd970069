/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes an injected pod back to what it was: a tree that runs along the pod, says where
 * something was added, and holds what was replaced.
 *
 *   {"metadata": {"annotations": {"sidewire.io/status": "added"}},
 *    "spec": {"containers": {"app": {"image": ["auto"], "env": {"PROXY": "added"}}},
 *             "securityContext": [{}, {"fsGroup": "added"}],
 *             "volumes": {"run": "added"}}}
 *
 * A node is one of
 *
 *   "added"                was not there
 *   [VALUE]                was VALUE
 *   {NAME: NODE, ...}      look inside: at members of an object, or at elements of a list by the
 *                          text of their merge key; if nothing is left inside, it was not there
 *   [EMPTY, {NAME: ...}]   the same, but it was there: EMPTY is {} or []
 *
 * Nothing says what an added thing looks like, nor where in its list it stands. So API server and
 * other webhooks may fill it in, or add things of their own, and those stay.
 */
#ifndef SIDEWIRE_WEBHOOK_UNDO_TREE_H
#define SIDEWIRE_WEBHOOK_UNDO_TREE_H

#include <jansson.h>

#include "common/base/err.h"

enum { UNDO_TREE_DEPTH_MAX = 128 }; /* levels that are looked into; below, a difference is one */

/*
 * Makes the tree that leads from the pod `after` back to `before`; an object without members when
 * they are equal. An added member of the pod, of its metadata or of its spec is taken apart: what
 * others put beside ours is theirs. A list whose elements have no key, repeat one, went away or
 * changed places is replaced as a whole. The caller owns *ret_tree, which shares values with
 * `before`. -ENOMEM.
 */
int undo_tree_make(json_t *before, json_t *after, json_t **ret_tree, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Goes back from the pod `after`: applied to what the tree was made of, it gives `before`. What is
 * not there any more is passed over. The caller owns *ret_before; `after` itself where the tree is
 * empty; neither argument is changed. -EINVAL, naming the place, where the tree is none; -ENOMEM.
 */
int undo_tree_apply(json_t *after, json_t *tree, json_t **ret_before, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
