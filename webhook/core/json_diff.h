/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest RFC 6902 patch from a pod to its injected form. List elements are matched by merge
 * key, never by position, so that nothing that stays is rewritten, and fields that nobody here
 * knows live.
 */
#ifndef SIDEWIRE_WEBHOOK_JSON_DIFF_H
#define SIDEWIRE_WEBHOOK_JSON_DIFF_H

#include <jansson.h>

#include "common/base/err.h"

enum {
	JSON_DIFF_DEPTH_MAX = 128
}; /* levels that are compared; below, a difference replaces the
      value as a whole */

/*
 * Makes the patch, an array of operations `add`, `replace` and `remove`, that turns the pod
 * `before` into `after` when applied in order (RFC 6902 section 3); an empty array when they are
 * equal. What both share is not looked into. A list is replaced as a whole when it is atomic, or
 * when elements that both have stand in another order. Integers and reals always differ. The caller
 * owns *ret_patch. Values inside it are shared with `after`. Pointers are escaped by RFC 6901
 * section 3. -ENOMEM.
 */
int json_diff(json_t *before, json_t *after, json_t **ret_patch, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
