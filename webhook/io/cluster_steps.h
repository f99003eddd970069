/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one replica holds and has seen in its cluster, and the steps that bring it, and the cluster,
 * to where they should be: an authority in the Secret, a serving certificate of it in the slot, its
 * certificate in the caBundle of every webhook entry, the image of the own pod known. What a step
 * does is decided by webhook/core/authority and webhook/core/ca_bundle.
 *
 * What a step has written is taken for true only when the watch shows it: no reply is newer than
 * all events. For one thread. A step whose preconditions do not hold yet does nothing, and is no
 * failure; cluster_check() says what is missing. Steps fail as webhook/io/cluster_api does, with
 * what webhook/io/certificate_issue says, and with -EINVAL for more than CA_ENTRIES_MAX webhook
 * entries; whatever failed stays as it was before, and is tried again the next time.
 */
#ifndef SIDEWIRE_WEBHOOK_CLUSTER_STEPS_H
#define SIDEWIRE_WEBHOOK_CLUSTER_STEPS_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/base/err.h"
#include "common/io/kube_client.h"
#include "webhook/core/ca_bundle.h"
#include "webhook/io/authority_secret.h"
#include "webhook/io/certificate.h"
#include "webhook/io/certificate_issue.h"

#define CLUSTER_SERVICE "sidewire-webhook"

/* The one object of a watch, as it was last seen. */
struct cluster_view {
	json_t *object; /* owned; NULL: there is none */
	bool is_known;  /* the API server has told whether there is one */
};

struct cluster {
	struct kube_client *client;
	const char *namespace_name; /* of our pod, Secret and Service */
	const char *pod_name;
	struct certificate_slot *certificates;
	_Atomic(const char *) *gate_image; /* where the image is to be told; NULL inside until it is
					    */

	struct cluster_view secret;
	struct cluster_view configuration;
	struct authority authority;     /* the Secret's, as last read; zeroed: none yet */
	time_t authority_made;          /* see struct authority_state */
	struct issued_certificate leaf; /* what we serve; zeroed: none yet */
	char *leaf_authority;           /* PEM of the one that signed it */
	struct validity leaf_validity;
	time_t trusted_since; /* see struct leaf_state */
	struct ca_formers formers;
	char *image;            /* of our pod, owned; NULL: not known, or not asked for */
	uint64_t bundle_writes; /* patches that were applied */
	time_t last_write;      /* of the last one */
	bool is_held_back;      /* there is one to be written, a second after it */
};

/* Frees what the steps made; the upper part is borrowed. */
void cluster_release(struct cluster *cluster) __attribute__((nonnull));

/* Notes an event of a watch; `context` is the struct cluster_view. */
void cluster_note(void *context, enum kube_watch_event event, json_t *object);

/* Reads the authority from the Secret; makes or replaces it where that is due. */
int cluster_step_authority(struct cluster *cluster, time_t now, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Puts a new serving certificate into the slot where that is due. */
int cluster_step_leaf(struct cluster *cluster, time_t now, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Writes the caBundles where they are not as they should be. */
int cluster_step_bundle(struct cluster *cluster, time_t now, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Learns the image of the own pod, unless *gate_image is known. */
int cluster_step_image(struct cluster *cluster, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Whether reviews can reach us: the caBundle in force of every entry verifies what is served now,
 * and the image is known. 0, or -EINVAL and one sentence that says what is missing; -ENOMEM.
 */
int cluster_check(const struct cluster *cluster, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
