/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether two volumes of one name are the same volume. */
#ifndef SIDEWIRE_WEBHOOK_VOLUME_SOURCE_H
#define SIDEWIRE_WEBHOOK_VOLUME_SOURCE_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * Checks that the pod's volume is that of the overlay: everything that the overlay says of it is so
 * in the pod, which may say more (the API server fills in defaults between two passes). Quantities
 * need not agree: the API server rewrites them, and they make no other volume. -EINVAL, naming
 * both.
 */
int volume_source_check(json_t *pods, json_t *overlays, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
