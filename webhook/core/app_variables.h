/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Environment variables that profiles put on application containers. */
#ifndef SIDEWIRE_WEBHOOK_APP_VARIABLES_H
#define SIDEWIRE_WEBHOOK_APP_VARIABLES_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/app_overlay.h"

/* In a variable of an overlay: it is to be joined with the container's own value by this text. */
#define APP_VARIABLE_APPEND "append"

/*
 * Puts the variables of the overlays into an application container.
 *
 * A variable that the container has stays as it is, unless the overlay's has `append`: then its
 * value is joined with the container's, which comes first, where that does not have it already; one
 * with `valueFrom` is left alone. An overlay's variable without `append` overrules what the
 * overlays before it say of it. New variables stand before the container's own, so that values
 * which were joined may refer to them: "$(NAME)" knows only those before it (k8s.io/api core/v1,
 * EnvVar.value).
 *
 * The caller owns *ret_container, which is `container` itself where nothing changed; no argument is
 * changed. -EINVAL for an env that is no array, and a value to be joined that is no text; -ENOMEM.
 */
int app_variables_put(json_t *container, const struct app_overlays *apps, json_t **ret_container,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * The name of the first variable that an overlay would join with one that the container has by
 * `valueFrom`, so that it is left alone; NULL when there is none, and for a container that is no
 * application's. Borrowed.
 */
const char *app_variables_left_alone(const json_t *container, const struct app_overlays *apps)
	__attribute__((nonnull));

#endif
