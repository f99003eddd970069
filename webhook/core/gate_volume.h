/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image volume that brings sidewire-gate into containers: one a pod, shared by the gate `exec`
 * and by probes that became exec probes. A volume of an image is allowed to pods that are
 * `restricted`.
 */
#ifndef SIDEWIRE_WEBHOOK_GATE_VOLUME_H
#define SIDEWIRE_WEBHOOK_GATE_VOLUME_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"

#define GATE_VOLUME "sidewire-gate"
#define GATE_VOLUME_PATH "/sidewire"
#define GATE_VOLUME_PROGRAM GATE_VOLUME_PATH "/sidewire-gate"

/* The volume of an image, and a container's mount of it. New references, NULL when memory ends. */
json_t *gate_volume_new(const char *image) __attribute__((nonnull));
json_t *gate_volume_mount_new(void);

/* Whether the container has that mount already. */
bool gate_volume_is_mounted(const json_t *container) __attribute__((nonnull));

/* Whether the container mounts anything else there, or below: nothing could be made in a volume
 * that is read-only. */
bool gate_volume_is_path_taken(const json_t *container) __attribute__((nonnull));

/*
 * Puts the volume into the pod. The caller owns *ret_pod, which is `pod` itself where it has the
 * volume. -EINVAL, naming both, where the pod has another volume of that name; -ENOMEM.
 */
int gate_volume_add(json_t *pod, const char *image, json_t **ret_pod, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
