/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What profiles put on every application container: an agent's variables and mounts. An application
 * container is one of spec.containers that no profile of the pod has.
 */
#ifndef SIDEWIRE_WEBHOOK_APP_OVERLAY_H
#define SIDEWIRE_WEBHOOK_APP_OVERLAY_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/profile_choice.h"

/* The overlays of a pod's profiles. Borrowed. */
struct app_overlays {
	const struct profile_choice *choice;
	json_t *const *items; /* `apps` of each chosen profile, parameters put in; NULL: it has none
			       */
};

/*
 * Puts the overlays on the pod's application containers; the pod passed pod_shape_check(), the
 * overlays profile_overlay_read().
 *
 * The container wins: only what it lacks is filled in, as by container_filling(), and variables as
 * by app_variables_put(). Of what two overlays have the later one's is taken. The caller owns
 * *ret_pod, which is `pod` itself where nothing changed; no argument is changed. -EINVAL, naming
 * the container, for a mount of another volume in the same place, and what those two and
 * strategic_merge() say; -ENOMEM.
 */
int app_overlay_apply(json_t *pod, const struct app_overlays *apps, json_t **ret_pod,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
