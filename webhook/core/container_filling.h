/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an overlay may fill in where a pod's container is the user's. */
#ifndef SIDEWIRE_WEBHOOK_CONTAINER_FILLING_H
#define SIDEWIRE_WEBHOOK_CONTAINER_FILLING_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * The overlay of a container without the probes, lifecycle handlers and environment variables that
 * `existing` has in any form: each is one choice of several forms, of which nothing is filled in.
 * Nor is anything of a mount where it mounts another volume: that would be a part of both.
 * To be merged with MERGE_ORIGINAL_WINS. The caller owns *ret_filling, which is `overlay` itself
 * where nothing is left out; neither argument is changed. -ENOMEM.
 */
int container_filling(const json_t *existing, json_t *overlay, json_t **ret_filling,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
