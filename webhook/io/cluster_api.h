/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the webhook asks of the API server, and what it must be allowed to: in its own namespace
 * `create` Secrets (a name cannot be given there), `list`, `watch` and `update` the Secret
 * "sidewire-ca", `get` Pods; `list`, `watch` and `patch` the MutatingWebhookConfiguration
 * "sidewire".
 *
 * All functions fail with -EAGAIN when somebody else was first: what they wrote, or that the object
 * is gone, comes by a watch. With what kube_client_call() says when no answer came; with -EPERM,
 * and the server's sentence, when it refused or the answer was no JSON object; with -ENOMEM.
 */
#ifndef SIDEWIRE_WEBHOOK_CLUSTER_API_H
#define SIDEWIRE_WEBHOOK_CLUSTER_API_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/io/kube_client.h"
#include "webhook/io/certificate_issue.h"

#define CLUSTER_CONFIGURATION "sidewire"
#define CLUSTER_CONTAINER "webhook" /* of our own pod */

/* Begins a watch of the Secret of the namespace, and one of the configuration. */
int cluster_api_watch(struct kube_client *client, const char *namespace_name,
		      kube_watch_handler *handler, void *secret_context,
		      void *configuration_context, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The image of the container "webhook" of the pod, as its spec has it. The caller frees *ret_image.
 * Also -ENOENT when the pod has no such container.
 */
int cluster_api_image(struct kube_client *client, const char *namespace_name, const char *pod_name,
		      char **ret_image, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Creates the Secret (`before` is NULL), or updates it under its resourceVersion, so that it holds
 * the pair. `before` is used before the call only.
 */
int cluster_api_write_secret(struct kube_client *client, const char *namespace_name,
			     const json_t *before, const struct issued_certificate *pair,
			     struct err *err)
	__attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/* Applies a JSON patch to the configuration, as a field manager of its own. */
int cluster_api_patch(struct kube_client *client, json_t *patch, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
