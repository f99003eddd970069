/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As whom a container runs, as far as the pod's text tells. */
#ifndef SIDEWIRE_WEBHOOK_CONTAINER_IDENTITY_H
#define SIDEWIRE_WEBHOOK_CONTAINER_IDENTITY_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/range_list.h"

enum {
	CONTAINER_IDENTITY_TEXT_SIZE = 64, /* both of its numbers, whatever they are, and the NUL */
};

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

/* What a container states of that by which the rules know the proxy, as a sentence has it: "uid 1",
 * "gid 2", or "uid 1 and gid 2". A kind of which there are no ids is left out, as is one that the
 * container says nothing of. */
void container_identity_text(const json_t *pod, const json_t *container,
			     const struct range_list *uids, const struct range_list *gids,
			     char ret_text[static CONTAINER_IDENTITY_TEXT_SIZE])
	__attribute__((nonnull(3, 4)));

#endif
