/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service account's token in added containers. The API server's own admission plugin
 * ServiceAccount mounts it into every container that has nothing at its place, and when it finds
 * containers that a webhook has added it does so again; and because it has changed the pod then,
 * the webhook is asked a second time (reinvocationPolicy IfNeeded). Added containers that have the
 * mount from the start spare every pod that second review.
 */
#ifndef SIDEWIRE_WEBHOOK_TOKEN_MOUNT_H
#define SIDEWIRE_WEBHOOK_TOKEN_MOUNT_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * `merged_pod`, where each container and init container that `original_pod` does not have by name,
 * and that mounts nothing at /var/run/secrets/kubernetes.io/serviceaccount, gets the mount with
 * which the API server has put the token into the original's own containers (of a volume
 * kube-api-access-*). Nothing is added where those have none. The caller owns *ret_pod: merged_pod
 * itself where nothing is added. Neither pod is changed. -ENOMEM.
 */
int token_mount_add(json_t *original_pod, json_t *merged_pod, json_t **ret_pod, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
