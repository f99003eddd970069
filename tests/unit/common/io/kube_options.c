/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/io/kube_client.h"
#include "tests/unit/suite.h"

static void set(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void test_in_cluster(void)
{
	static const struct {
		const char *host, *port;
		const char *server; /* NULL: this is no pod */
	} ROWS[] = {
		{"10.96.0.1", "443", "https://10.96.0.1:443"},
		{"fd00:96::1", "6443", "https://[fd00:96::1]:6443"},
		{"10.96.0.1", NULL, NULL},
		{NULL, "443", NULL},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(kube_client_options_release) struct kube_client_options options = {0};
		struct err err = {0};

		set("KUBERNETES_SERVICE_HOST", ROWS[i].host);
		set("KUBERNETES_SERVICE_PORT", ROWS[i].port);
		int r = kube_client_options_in_cluster("unit/1", &options, &err);
		if (ROWS[i].server == NULL) {
			CU_ASSERT(r == -ENOENT && options.server == NULL);
			continue;
		}
		CU_ASSERT_EQUAL(r, 0);
		ASSERT_TEXT("server", options.server, ROWS[i].server);
		ASSERT_TEXT("ca", options.ca_file,
			    "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
		ASSERT_TEXT("token", options.token_file,
			    "/var/run/secrets/kubernetes.io/serviceaccount/token");
		ASSERT_TEXT("user agent", options.user_agent, "unit/1");
	}
	set("KUBERNETES_SERVICE_HOST", NULL);
	set("KUBERNETES_SERVICE_PORT", NULL);
}

static CU_TestInfo tests[] = {
	{"the options of a pod", test_in_cluster},
	CU_TEST_INFO_NULL,
};
SUITE("common/io/kube_options", tests)
