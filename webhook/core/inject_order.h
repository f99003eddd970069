/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The place of added native sidecars: before the user's init containers, so that these have a
 * working network.
 */
#ifndef SIDEWIRE_WEBHOOK_INJECT_ORDER_H
#define SIDEWIRE_WEBHOOK_INJECT_ORDER_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * `merged_pod` with the init containers that have restartPolicy Always, and whose names
 * `original_pod` does not have among its init containers, moved to the front of
 * spec.initContainers, in their order; all others keep theirs. Call it once, after every overlay is
 * merged. The caller owns *ret_pod: merged_pod itself where nothing moves, which is so on a second
 * pass, since then nothing was added; what is the same is shared with it otherwise. Neither pod is
 * changed. -ENOMEM.
 */
int inject_order(json_t *original_pod, json_t *merged_pod, json_t **ret_pod, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
