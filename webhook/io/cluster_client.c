/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/cluster_client.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

int cluster_client_new(const struct cluster_client_options *options,
		       struct kube_client **ret_client, struct err *err)
{
	CLEANUP(kube_client_options_release) struct kube_client_options api = {0};
	CLEANUP(strbuf_release) struct strbuf ca_file = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf token_file = STRBUF_INIT;
	int r = kube_client_options_in_cluster("sidewire-webhook/" SIDEWIRE_VERSION, &api, err);

	if (r < 0)
		return r;
	api.timeout_ms = options->timeout_ms;
	api.call_ms = options->call_ms;
	if (options->service_account != NULL) {
		strbuf_printf(&ca_file, "%s/ca.crt", options->service_account);
		strbuf_printf(&token_file, "%s/token", options->service_account);
		if (ca_file.is_failed || token_file.is_failed)
			return err_set(err, ENOMEM, "out of memory");
		api.ca_file = ca_file.data;
		api.token_file = token_file.data;
	}
	return kube_client_new(&api, ret_client, err);
}
