/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a strategic merge patch may say, and an overlay that is put on pods may not. */
#ifndef SIDEWIRE_WEBHOOK_OVERLAY_CHECK_H
#define SIDEWIRE_WEBHOOK_OVERLAY_CHECK_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * Checks an overlay that passed pod_shape_check() and merge_patch_check(). -EINVAL, naming the
 * place, for
 * - directives where overlay_apply() would not follow them, because the pod's is kept (metadata,
 *   and inside of containers and volumes; `$patch: delete` of a whole one is fine), or where they
 *   would take away what makes a pod (spec as a whole);
 * - ephemeral containers, with which no pod can be created;
 * - an object with `$patch: replace`, which adds nothing to a pod that lacks it;
 * - elements of a list of the spec that share a key, which a first pass may add where a second one
 *   merges them.
 * So a second pass changes nothing, as long as no other profile adds what this one deletes.
 */
int overlay_check(json_t *overlay, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
