/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Knows whether the cluster's nodes can mount image volumes: a thread of its own follows them by a
 * watch, and tells when the answer changes; nodes come, go, and are upgraded. Must be allowed to
 * `list` and `watch` Nodes. Each node tells every few minutes that it is alive: that costs the
 * parsing of its Node, 10 to 20 KB, and nothing else.
 */
#ifndef SIDEWIRE_WEBHOOK_CLUSTER_NODES_H
#define SIDEWIRE_WEBHOOK_CLUSTER_NODES_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/err.h"
#include "webhook/core/image_volumes.h"

struct cluster_nodes;

/*
 * Begins; needs no API server for that. `service_account` is as in struct cluster_client_options,
 * and borrowed for the call. The answer is told in *answer, borrowed until the end; one that
 * changes is logged, with a node that is why, and so are the first failure of several, which leaves
 * the answer as it is, and their end. The caller frees *ret_nodes. What cluster_client_new() and
 * making a thread say; -ENOMEM.
 */
int cluster_nodes_start(const char *service_account, _Atomic(enum image_volumes) *answer,
			struct cluster_nodes **ret_nodes, struct err *err)
	__attribute__((nonnull(2, 3, 4), warn_unused_result));

/* Ends it, waits for that, frees. NULL is allowed. */
void cluster_nodes_free(struct cluster_nodes *nodes);

/* A descriptor that is readable once the first answer was told, or cannot be had: the API server
 * refuses it, or has failed for as long as a call is tried. Borrowed. */
int cluster_nodes_settled_fd(const struct cluster_nodes *nodes) __attribute__((nonnull));

/* How many attempts of the watch failed; from any thread. */
uint64_t cluster_nodes_failures(struct cluster_nodes *nodes) __attribute__((nonnull));

#endif
