/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/workload.h"

#include <string.h>

#include "tests/unit/suite.h"

static const struct {
	const char *api_version, *kind;
	bool is_workload;
	const char *path; /* joined by dots */
} ROWS[] = {
	{"v1", "Pod", true, ""},
	{"v1", "ReplicationController", true, "spec.template"},
	{"apps/v1", "Deployment", true, "spec.template"},
	{"apps/v1beta2", "Deployment", true, "spec.template"},
	{"apps/v1", "StatefulSet", true, "spec.template"},
	{"apps/v1", "DaemonSet", true, "spec.template"},
	{"apps/v1", "ReplicaSet", true, "spec.template"},
	{"batch/v1", "Job", true, "spec.template"},
	{"batch/v1", "CronJob", true, "spec.jobTemplate.spec.template"},
	{"apps.openshift.io/v1", "DeploymentConfig", true, "spec.template"},
	{"v1", "Deployment", false, NULL},
	{"apps", "Deployment", false, NULL},
	{"app/v1", "Deployment", false, NULL},
	{"appsx/v1", "Deployment", false, NULL},
	{"apps/v1", "deployment", false, NULL},
	{"apps/v1", "Pod", false, NULL},
	{"", "", false, NULL},
};

static void test_find(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct workload *found = workload_find(ROWS[i].api_version, ROWS[i].kind);
		char path[64] = "";

		ASSERT_ROW(ROWS[i].kind, (found != NULL) == ROWS[i].is_workload);
		for (size_t j = 0; found != NULL && found->path[j] != NULL; j++)
			snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s%s",
				 j > 0 ? "." : "", found->path[j]);
		if (found != NULL)
			ASSERT_TEXT(ROWS[i].kind, path, ROWS[i].path);
	}
}

static void test_lists(void)
{
	const struct workload *item;

	CU_ASSERT_TRUE(workload_is_list("v1", "List", &item));
	CU_ASSERT_PTR_NULL(item);
	CU_ASSERT_TRUE(workload_is_list("apps/v1", "DeploymentList", &item));
	CU_ASSERT_PTR_EQUAL(item, workload_find("apps/v1", "Deployment"));
	CU_ASSERT_FALSE(workload_is_list("apps/v1", "List", &item));
	CU_ASSERT_FALSE(workload_is_list("v1", "ServiceList", &item));
	CU_ASSERT_FALSE(workload_is_list("v1", "Deployment", &item));
	CU_ASSERT_FALSE(workload_is_list("v1", "st", &item));
}

static CU_TestInfo tests[] = {
	{"kinds", test_find},
	{"lists", test_lists},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/workload", tests)
