/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting overlays on a pod: strategic merge, except where the pod says otherwise. What both have
 * is the user's to decide; what only the overlay has is added.
 */
#ifndef SIDEWIRE_WEBHOOK_OVERLAY_APPLY_H
#define SIDEWIRE_WEBHOOK_OVERLAY_APPLY_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

/* The image of a pod's container that leaves it to the overlay. */
#define OVERLAY_IMAGE_AUTO "auto"

/*
 * Applies `count` overlays in their order; they and the pod passed pod_shape_check(), the overlays
 * merge_patch_check() and overlay_check() too.
 *
 * Labels, annotations, and containers of a name that the pod has in the same list only fill in what
 * the pod lacks. Of a probe, a lifecycle handler or an environment variable that the pod's
 * container has nothing is filled in: each is one choice of several forms; nor of a mount where it
 * mounts another volume, nor of a request where it has a limit: see container_filling.h. `image:
 * auto` in the pod means the overlay's image. A volume that the pod has stays the pod's. All else
 * is strategic merge, the overlay winning; and so is what one overlay has upon those before it.
 *
 * The caller owns *ret_pod, which is `pod` itself where nothing changed; no argument is changed.
 * -EINVAL, naming both sides, for a container that is in the pod's other list, or in both lists of
 * the overlays, a volume with another source, `image: auto` where the overlays have no image; what
 * strategic_merge() says; -ENOMEM.
 */
int overlay_apply(json_t *pod, json_t *const *overlays, size_t count, json_t **ret_pod,
		  struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
