/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As whom a container runs, as far as the pod's text tells. */
#ifndef SIDEWIRE_WEBHOOK_CONTAINER_IDENTITY_H
#define SIDEWIRE_WEBHOOK_CONTAINER_IDENTITY_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/range_list.h"

/*
 * What a container states about itself: its own securityContext wins over the pod's (k8s.io/api
 * core/v1, PodSecurityContext.runAsUser). `member` is runAsUser or runAsGroup; `pod` may be an
 * overlay. false when neither says anything: then its image decides.
 */
bool container_identity(const json_t *pod, const json_t *container, const char *member,
			json_int_t *ret_id) __attribute__((nonnull(3, 4)));

/* Whether the container may be one of the ids, as the rules know the proxy: it states one of them,
 * or none at all. false where there are no ids. */
bool container_may_be(const json_t *pod, const json_t *container, const char *member,
		      const struct range_list *ids) __attribute__((nonnull(3, 4)));

#endif
