/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The annotations that the webhook writes: what was done, and what the node is to do. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_STATUS_H
#define SIDEWIRE_WEBHOOK_INJECT_STATUS_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/profile_choice.h"

enum { INJECT_STATUS_VERSION = 1 };

/* What was done to a pod. All pointers are borrowed. */
struct inject_status {
	json_t *original; /* the pod as it came */
	const struct profile_choice *choice;
	const struct redirect_spec *redirect; /* means something if a chosen profile redirects */
};

/*
 * Writes sidewire.io/status and sidewire.io/redirect into the injected pod, over whatever the user
 * put there (the latter is removed where no profile redirects), and
 * kubectl.kubernetes.io/default-container where it is absent. The status is
 *
 *   {"profiles":[{"hash":"0123456789ab","name":"envoy"}],"undo":{...},"version":1}
 *
 * with the tree of undo_tree.h that leads back to the pod as it was before its first injection. A
 * second pass writes the same: where it has nothing to add, the tree of the first one stays, which
 * knows what others have changed in between; else the original's status leads uninject() to that
 * pod. The caller owns *ret_pod. -EINVAL, -E2BIG of redirect_spec_encode(); -ENOMEM.
 */
int inject_status_write(json_t *pod, const struct inject_status *status, json_t **ret_pod,
			struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
