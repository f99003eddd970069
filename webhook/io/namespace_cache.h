/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the cluster's namespaces say to their pods, answered from memory: a thread of its own
 * follows them by a watch. A namespace that is not known, since it was just made or the watch was
 * not heard of for too long, is read by itself; meanwhile those who ask wait, and no thread does.
 * Any thread may ask. It must be allowed to get, list and watch namespaces.
 */
#ifndef SIDEWIRE_WEBHOOK_NAMESPACE_CACHE_H
#define SIDEWIRE_WEBHOOK_NAMESPACE_CACHE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "webhook/io/http_exchange.h"

enum {
	/* The read of one namespace: an attempt, all of them, and what may pass before the first.
	 * Together they must fit into the timeoutSeconds of the MutatingWebhookConfiguration, 5,
	 * with what an API server needs to ask us. */
	NAMESPACE_ATTEMPT_MS = 1000,
	NAMESPACE_CALL_MS = 2000,
	NAMESPACE_QUEUE_MS = 1500,
};

struct namespace_cache;

/*
 * Begins; needs no API server for that. `service_account` is as in struct cluster_client_options,
 * and borrowed for the call. The caller frees *ret_cache. What cluster_client_new() and making a
 * thread say; -ENOMEM.
 */
int namespace_cache_start(const char *service_account, struct namespace_cache **ret_cache,
			  struct err *err) __attribute__((nonnull(2, 3), warn_unused_result));

/*
 * Ends all waits at once, breaks off the read that is under way, and follows and reads nothing any
 * more. Only what is known already is answered from now on.
 */
void namespace_cache_stop(struct namespace_cache *cache) __attribute__((nonnull));

/* Stops and frees. Nobody may be asking. NULL is allowed. */
void namespace_cache_free(struct namespace_cache *cache);

/*
 * The annotations of a namespace that are its pods' defaults: an object that the caller owns, or
 * NULL for none. -EINPROGRESS: that is not known yet, and `wait` was handed on; ask again after its
 * end. -EAGAIN when it cannot be known now; -ENOENT when the API server says that there is no such
 * namespace; -EINVAL when it can have no such name; -E2BIG over NAMESPACE_TEXT_MAX: all with a
 * sentence for whoever makes the pod. -ENOMEM.
 */
int namespace_cache_ask(struct namespace_cache *cache, const char *name, struct http_wait *wait,
			json_t **ret_annotations, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* How it stands. */
struct namespace_report {
	char not_ready[ERR_MSG_SIZE]; /* why not all namespaces are known yet, a sentence; "" when
					 they are */
	size_t count;                 /* of those that are known */
	long long age_ms;             /* since the watch was last heard of: nothing that is known is
					 older. 300 s, NAMESPACE_AGE_MAX_MS, are too old */
	uint64_t reads;               /* of single namespaces */
	uint64_t api_failures;        /* of watch and reads: no answer, or a refusal */
};

/* Writes *ret_report; from any thread. */
void namespace_cache_report(struct namespace_cache *cache, struct namespace_report *ret_report)
	__attribute__((nonnull));

#endif
