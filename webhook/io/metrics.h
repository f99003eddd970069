/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the webhook counts, and its text for Prometheus (exposition format 0.0.4). Many threads
 * count at once.
 */
#ifndef SIDEWIRE_WEBHOOK_METRICS_H
#define SIDEWIRE_WEBHOOK_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/base/err.h"
#include "webhook/io/cluster_sync.h"
#include "webhook/io/event_sender.h"
#include "webhook/io/profile_slot.h"
#include "webhook/io/namespace_cache.h"

struct metrics;

/* What is asked for at the time of the text instead of being counted. Borrowed. */
struct metrics_state {
	const char *version;
	const struct profile_report *profiles;
	bool is_ready; /* as /readyz says */
	size_t requests_in_flight;
	unsigned int worker_restarts;
	time_t certificate_not_after;              /* Unix time; 0: there is none */
	const struct cluster_report *cluster;      /* NULL: there is none, and it has no metrics */
	const struct namespace_report *namespaces; /* NULL exactly when cluster is */
	const struct event_report *events;         /* the same */
};

/* How far a TLS handshake came that was not finished. */
enum tls_failure {
	TLS_FAILURE_SILENT, /* no ClientHello came: a look at the port, or no TLS */
	TLS_FAILURE_HELLO, /* one came: the two could not agree, or the client did not believe us */
	TLS_FAILURE_COUNT,
};

/* All counters at 0. The caller frees it. -ENOMEM. */
int metrics_new(struct metrics **ret_metrics, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* NULL is allowed. */
void metrics_free(struct metrics *metrics);

/* For CLEANUP(). */
void metrics_freep(struct metrics **metrics) __attribute__((nonnull));

/*
 * Counts one answered review. `decision` and `reason` are static strings; more pairs of them than
 * METRICS_OUTCOMES_MAX are counted together as decision "other". `patch_bytes` is the size of the
 * JSON patch, 0 when there is none.
 */
void metrics_count_review(struct metrics *metrics, const char *decision, const char *reason,
			  uint64_t nanoseconds, size_t patch_bytes) __attribute__((nonnull));

/* Counts one request that ended with this HTTP status of 400 or more; 0: it broke off. */
void metrics_count_http_error(struct metrics *metrics, unsigned int status)
	__attribute__((nonnull));

/* Counts one connection that ended before its TLS handshake did. */
void metrics_count_tls_failure(struct metrics *metrics, enum tls_failure failure)
	__attribute__((nonnull));

/* The text. The caller frees *ret_text. -ENOMEM. */
int metrics_format(struct metrics *metrics, const struct metrics_state *state, char **ret_text,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

enum { METRICS_OUTCOMES_MAX = 64 };

#endif
