/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plain port answers about the program itself: /healthz, /readyz, /metrics. */
#ifndef SIDEWIRE_WEBHOOK_STATUS_HANDLER_H
#define SIDEWIRE_WEBHOOK_STATUS_HANDLER_H

#include <stdatomic.h>

#include "webhook/io/certificate.h"
#include "webhook/io/cluster_sync.h"
#include "webhook/io/event_sender.h"
#include "webhook/io/http_exchange.h"
#include "webhook/io/http_server.h"
#include "webhook/io/metrics.h"
#include "webhook/io/profile_slot.h"
#include "webhook/io/namespace_cache.h"

/* What the answers are about. Borrowed. */
struct status_handler {
	struct profile_slot *profiles;
	struct certificate_slot *certificates;
	struct metrics *metrics;
	const struct http_server *reviews;  /* the server whose requests are in flight */
	struct cluster_sync *cluster;       /* NULL outside a cluster */
	struct namespace_cache *namespaces; /* the same */
	struct event_sender *events;        /* the same */
	unsigned int worker_restarts;       /* see struct supervision */
	atomic_bool is_ending;              /* set once: no longer ready */
};

/* All three answer as an http_route; the context is a struct status_handler. */

/* 200 as long as requests are answered at all. */
void status_answer_health(void *context, const struct http_request *request,
			  struct http_reply *reply) __attribute__((nonnull));

/* 200 while the program can do its work, else 503 and why: it is ending, no profiles were loaded
 * yet, its certificate is over, something is missing in the cluster (see cluster_check()), or its
 * namespaces are not known yet.
 *
 * To hear nothing of the API server any more, however long, is no obstacle. What keeps a pod of
 * ours from it keeps them all, and without one that is ready a refusal could not say why; after an
 * outage nobody has to wait until endpoints are back; and a node that is cut off is taken out of
 * them by Kubernetes. The age of what is known of namespaces is a metric, which has an alert. */
void status_answer_readiness(void *context, const struct http_request *request,
			     struct http_reply *reply) __attribute__((nonnull));

/* Prometheus' text format 0.0.4. */
void status_answer_metrics(void *context, const struct http_request *request,
			   struct http_reply *reply) __attribute__((nonnull));

#endif
