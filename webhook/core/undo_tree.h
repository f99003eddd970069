/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes an injected pod back to what it was: a tree that runs along the pod, says where
 * something was added, and holds what was replaced.
 *
 *   {"metadata": {"annotations": {"sidewire.io/status": "added"}},
 *    "spec": {"containers": {"app": {"image": ["auto", "5d0a1f3c"],
 *                                    "env": {"PROXY": "added:90b2e1d7"}}},
 *             "securityContext": [{}, {"fsGroup": "added:0c41aa9e"}],
 *             "volumes": {"run": "added"}}}
 *
 * A node is one of
 *
 *   "added:DIGEST"         was not there
 *   [VALUE, DIGEST]        was VALUE
 *   {NAME: NODE, ...}      look inside: at members of an object, or at elements of a list by the
 *                          text of their merge key; if nothing is left inside, it was not there
 *   [EMPTY, {NAME: ...}]   the same, but it was there: EMPTY is {}, [] or null
 *   "added", [VALUE]       as above, whatever it looks like by now
 *
 * DIGEST is that of undo_digest.h of what was put there: where by now something else stands,
 * somebody has changed it since, and it is left to him. A probe or lifecycle handler is one choice
 * of several members; of it all is left or nothing.
 *
 * Added containers and volumes, and sidewire's own two annotations, have no digest: the API server
 * and other webhooks fill the former in, and none of them is of use without the others. Nothing
 * says where in its list an added thing stands; things that others add beside it stay. But where
 * injection took something out of a list, that is one thing, with all that is in it.
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
 * Goes back from the pod `after`: applied to what the tree was made of, it gives `before`. What was
 * added and is not there any more is passed over. What was changed since stays as it is, and its
 * place, "spec.containers.app.env.PROXY.value", is appended to the array `left`. The caller owns
 * *ret_before; `after` itself where the tree is empty; neither of the two is changed. -EINVAL,
 * naming the place, where the tree is none; -ENOMEM.
 */
int undo_tree_apply(json_t *after, json_t *tree, json_t *left, json_t **ret_before, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
