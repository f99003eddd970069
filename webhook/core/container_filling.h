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
 * Nor is a request where `own`, the container as the user has it, has a limit: the API server makes
 * the request of that one (k8s.io/kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_Pod), before
 * a webhook sees the pod, but after a manifest is read. To be merged with MERGE_ORIGINAL_WINS. The
 * caller owns *ret_filling, which is `overlay` itself where nothing is left out; no argument is
 * changed. -ENOMEM.
 */
int container_filling(const json_t *existing, const json_t *own, json_t *overlay,
		      json_t **ret_filling, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
