/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The annotations that the webhook writes: what was done, and what the node is to do. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_STATUS_H
#define SIDEWIRE_WEBHOOK_INJECT_STATUS_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/profile_choice.h"

/* What was done to a pod. All pointers are borrowed. */
struct inject_status {
	const struct profile_choice *choice;
	const struct redirect_spec *redirect; /* means something if a chosen profile redirects */
	enum gate gate;
};

/*
 * Writes sidewire.io/status and sidewire.io/redirect into the injected pod, over whatever the user
 * put there (the latter is removed where no profile redirects), and
 * kubectl.kubernetes.io/default-container where it is absent. The status names what the profiles
 * have in the pod, not what happened to be missing, so that a second pass writes the same:
 *
 *   {"version":1,"profiles":[{"name":"envoy","hash":"0123456789ab"}],
 *    "initContainers":["envoy"],"containers":[],"volumes":[]}
 *
 * The caller owns *ret_pod. -EINVAL, -E2BIG of redirect_spec_encode(); -ENOMEM.
 */
int inject_status_write(json_t *pod, const struct inject_status *status, json_t **ret_pod,
			struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
