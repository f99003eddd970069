/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a pod finds the API server ("Accessing the Kubernetes API from a Pod"). */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/kube_client.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"

int kube_client_options_in_cluster(const char *user_agent, struct kube_client_options *ret_options,
				   struct err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	char *server = NULL;

	if (host == NULL || port == NULL)
		return err_set(err, ENOENT,
			       "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: "
			       "this is no pod");
	/* RFC 3986, 3.2.2: an IPv6 address stands in brackets. */
	bool is_v6 = strchr(host, ':') != NULL;
	if (asprintf(&server, "https://%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port) <
	    0)
		return err_set(err, ENOMEM, "out of memory");
	*ret_options = (struct kube_client_options){
		.server = server,
		.ca_file = SERVICE_ACCOUNT "ca.crt",
		.token_file = SERVICE_ACCOUNT "token",
		.user_agent = user_agent,
		.owned = server,
	};
	return 0;
}

void kube_client_options_release(struct kube_client_options *options)
{
	int saved = errno;

	free(options->owned);
	*options = (struct kube_client_options){0};
	errno = saved;
}
