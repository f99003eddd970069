/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting an overlay on a pod: strategic merge, except where the pod says otherwise. What both have
 * is the user's to decide; what only the overlay has is added.
 */
#ifndef SIDEWIRE_WEBHOOK_OVERLAY_APPLY_H
#define SIDEWIRE_WEBHOOK_OVERLAY_APPLY_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * Applies `overlay` to `pod`; both passed pod_shape_check(), and the overlay merge_patch_check()
 * and overlay_check().
 *
 * Labels, annotations, and containers of a name that the pod has in the same list only fill in what
 * the pod lacks. Of a probe, a lifecycle handler or an environment variable that the pod's
 * container has nothing is filled in: each is one choice of several forms. `image: auto` in the pod
 * means the overlay's image. A volume that the pod has stays the pod's. All else is strategic
 * merge, the overlay winning.
 *
 * The caller owns *ret_pod, which is `pod` itself where nothing changed; neither argument is
 * changed. -EINVAL, naming both sides, for a container that is in the pod's other list, a volume
 * with another source, `image: auto` where the overlay has no image; what strategic_merge() says;
 * -ENOMEM.
 */
int overlay_apply(json_t *pod, json_t *overlay, json_t **ret_pod, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
