/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients of the API server of the cluster that we run in. */
#ifndef SIDEWIRE_WEBHOOK_CLUSTER_CLIENT_H
#define SIDEWIRE_WEBHOOK_CLUSTER_CLIENT_H

#include "common/base/err.h"
#include "common/io/kube_client.h"

/* Borrowed until the client is made. */
struct cluster_client_options {
	const char *service_account; /* directory with ca.crt and token; NULL: a pod's own */
	unsigned int timeout_ms;     /* these two as in struct kube_client_options */
	unsigned int call_ms;
};

/*
 * Makes a client, which asks nothing yet. The caller frees *ret_client. -ENOENT outside a pod;
 * -EINVAL when what the environment says is no address; -ENOMEM.
 */
int cluster_client_new(const struct cluster_client_options *options,
		       struct kube_client **ret_client, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
