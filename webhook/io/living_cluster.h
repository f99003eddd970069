/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sidewire-inject explains of a cluster that is there, as kubectl tells of it. */
#ifndef SIDEWIRE_WEBHOOK_LIVING_CLUSTER_H
#define SIDEWIRE_WEBHOOK_LIVING_CLUSTER_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/installation.h"
#include "webhook/core/manifest_namespaces.h"

#define LIVING_CLUSTER_OWN_NAMESPACE "sidewire-system" /* where manifests/ install it */

/* What is installed there. */
struct living_cluster {
	struct installation installation; /* borrows from the next */
	json_t *deployment;               /* of the webhook; owned */
};

/* The pod as JSON, with a NUL behind it. The caller frees *ret_text. The errors of kubectl_get().
 */
int living_cluster_pod(const char *namespace_name, const char *name, char **ret_text,
		       size_t *ret_length, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Adds the namespace of that name. The errors of kubectl_get() and of manifest_namespaces_add(). */
int living_cluster_namespace(const char *name, struct manifest_namespaces *namespaces,
			     struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Reads how the webhook there decides, and its profiles; of nodes that kubectl may not read, or
 * that are more than it may say, it is unknown whether they can mount image volumes, and standard
 * error says so. The caller releases both. The errors of
 * kubectl_get(), installation_read() and installation_profiles(), with what could be said by
 * options instead.
 */
int living_cluster_installation(struct living_cluster *ret_cluster, struct profile_set *ret_set,
				struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees what it owns. For CLEANUP(). */
void living_cluster_release(struct living_cluster *cluster) __attribute__((nonnull));

#endif
