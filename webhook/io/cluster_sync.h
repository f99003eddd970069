/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps one replica and its cluster in step (see webhook/io/cluster_steps), in a thread of its own:
 * at once when a watch shows a change, else every few seconds, which is how certificates are
 * renewed and what failed is tried again. An API server that does not answer ends nothing: what is
 * served goes on being served, and is renewed.
 */
#ifndef SIDEWIRE_WEBHOOK_CLUSTER_SYNC_H
#define SIDEWIRE_WEBHOOK_CLUSTER_SYNC_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "common/base/err.h"
#include "webhook/core/image_volumes.h"
#include "webhook/io/certificate.h"

struct cluster_sync;

/* Borrowed until the sync is freed. */
struct cluster_sync_options {
	const char *service_account; /* directory with ca.crt and token; NULL: a pod's own */
	const char *namespace_name;
	const char *pod_name;
	struct certificate_slot *certificates;
	_Atomic(const char *) *gate_image; /* if it is NULL inside, the own image is put there,
					      which is the sync's until it is freed */
	_Atomic(enum image_volumes) *image_volumes; /* if it is unknown inside, what is found out
						       about the nodes is put there, for the
						       first time before a certificate is */
};

/*
 * Begins; needs no API server for that. The caller frees *ret_sync. -ENOENT outside a pod; -EINVAL
 * when what the environment says is no address; what making a thread says; -ENOMEM.
 */
int cluster_sync_start(const struct cluster_sync_options *options, struct cluster_sync **ret_sync,
		       struct err *err) __attribute__((nonnull, warn_unused_result));

/* Asks it to end, and breaks off a call that is under way. From any thread. */
void cluster_sync_stop(struct cluster_sync *sync) __attribute__((nonnull));

/* Ends it, waits for that, frees. NULL is allowed. */
void cluster_sync_free(struct cluster_sync *sync);

/* How it stands. */
struct cluster_report {
	char not_ready[ERR_MSG_SIZE]; /* why reviews cannot reach us yet, a sentence; "": they can
				       */
	time_t authority_not_after;   /* Unix time; 0: there is none */
	uint64_t bundle_writes;       /* patches of caBundles that were applied */
	uint64_t api_failures;        /* calls and watches that got no answer or a refusal */
};

/* Writes *ret_report; from any thread. */
void cluster_sync_report(struct cluster_sync *sync, struct cluster_report *ret_report)
	__attribute__((nonnull));

#endif
