/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds out whether the cluster's nodes can mount image volumes, and goes on looking: nodes come,
 * go, and are upgraded. Must be allowed to `list` Nodes.
 */
#ifndef SIDEWIRE_WEBHOOK_CLUSTER_NODES_H
#define SIDEWIRE_WEBHOOK_CLUSTER_NODES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "common/base/err.h"
#include "common/io/kube_client.h"
#include "webhook/core/image_volumes.h"

/* For one thread, but for what *answer points to. Zeroed but for the borrowed pointers. */
struct cluster_nodes {
	struct kube_client *client;
	_Atomic(enum image_volumes)
		*answer; /* where it is told; NULL: nothing is to be found out */
	time_t next;     /* monotonic: when they are looked at again */
	bool is_told;    /* something was logged */
	bool is_failing; /* the last look did */
};

/*
 * Looks at all nodes when that is due: once a minute, and a minute more for each 500 of them (a
 * Node is 10 to 20 KB). `now` is monotonic, in seconds. An answer that changes is logged, with a
 * node that is why, and so is the first failure of several; it leaves the answer as it is. Fails as
 * webhook/io/cluster_api does.
 */
int cluster_nodes_step(struct cluster_nodes *nodes, time_t now, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
