/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The place of added init containers: native sidecars stand before the user's init containers, so
 * that these have a working network; what makes that network, before the sidecars.
 */
#ifndef SIDEWIRE_WEBHOOK_INJECT_ORDER_H
#define SIDEWIRE_WEBHOOK_INJECT_ORDER_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/profile_choice.h"

/*
 * `merged_pod` with those of spec.initContainers whose names `original_pod` does not have there
 * moved to the front: first whom a chosen profile has as its `first`, then those with restartPolicy
 * Always, each in their order; all others keep theirs. Call it once, after every overlay is
 * merged. The caller owns *ret_pod: merged_pod itself where nothing moves, which is so on a second
 * pass, since then nothing was added; what is the same is shared with it otherwise. Neither pod is
 * changed. -ENOMEM.
 */
int inject_order(json_t *original_pod, json_t *merged_pod, const struct profile_choice *choice,
		 json_t **ret_pod, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
