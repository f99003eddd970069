/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/workload.h"

#include <string.h>

static const struct workload WORKLOADS[] = {
	{"", "Pod", {NULL}},
	{"", "ReplicationController", {"spec", "template"}},
	{"apps", "Deployment", {"spec", "template"}},
	{"apps", "StatefulSet", {"spec", "template"}},
	{"apps", "DaemonSet", {"spec", "template"}},
	{"apps", "ReplicaSet", {"spec", "template"}},
	{"batch", "Job", {"spec", "template"}},
	{"batch", "CronJob", {"spec", "jobTemplate", "spec", "template"}},
	{"apps.openshift.io", "DeploymentConfig", {"spec", "template"}},
};
enum { WORKLOAD_COUNT = sizeof(WORKLOADS) / sizeof(*WORKLOADS) };

#define LIST "List"

/* Whether an apiVersion is of the group: "v1" of the core group, "apps/v1" of apps. */
static bool is_of_group(const char *api_version, const char *group)
{
	const char *slash = strchr(api_version, '/');
	size_t length = slash != NULL ? (size_t)(slash - api_version) : 0;

	return strlen(group) == length && memcmp(group, api_version, length) == 0;
}

/* The workload whose kind is the `length` bytes. */
static const struct workload *find(const char *api_version, const char *kind, size_t length)
{
	for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
		const struct workload *workload = &WORKLOADS[i];

		if (strlen(workload->kind) == length && memcmp(workload->kind, kind, length) == 0 &&
		    is_of_group(api_version, workload->group))
			return workload;
	}
	return NULL;
}

const struct workload *workload_find(const char *api_version, const char *kind)
{
	return find(api_version, kind, strlen(kind));
}

bool workload_is_list(const char *api_version, const char *kind, const struct workload **ret_item)
{
	size_t length = strlen(kind);
	size_t suffix = strlen(LIST);

	*ret_item = NULL;
	if (length < suffix || strcmp(kind + length - suffix, LIST) != 0)
		return false;
	*ret_item = find(api_version, kind, length - suffix);
	return *ret_item != NULL || (length == suffix && is_of_group(api_version, ""));
}
