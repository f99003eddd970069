/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/other_mesh.h"

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

static const struct {
	const char *spec;
	const char *mesh; /* "": none is found */
} ROWS[] = {
	{"{}", ""},
	{"{'containers': [{'name': 'app'}]}", ""},
	{"{'containers': [{'name': 'app'}, {'name': 'istio-proxy'}]}", "Istio"},
	{"{'initContainers': [{'name': 'linkerd-proxy', 'restartPolicy': 'Always'}]}", "Linkerd"},
	{"{'containers': [{'name': 'consul-dataplane'}]}", "Consul"},
	{"{'containers': [{'name': 'envoy-sidecar'}]}", "Consul"},
	{"{'containers': [{'name': 'kuma-sidecar'}]}", "Kuma"},
	{"{'containers': [{'name': 'nginx-mesh-sidecar'}]}", "NGINX Service Mesh"},
	{"{'containers': [{'name': 'istio-proxy-2'}, {'name': 'envoy'}]}", ""},
	{"{'volumes': [{'name': 'istio-proxy', 'emptyDir': {}}]}", ""},
};

static const char *mesh_in(const char *spec, const struct profile *profile)
{
	const struct profile_choice choice = {.profiles = {profile}, .count = 1};
	json_auto_t *pod = json_pack("{s:o}", "spec", quoted_json(spec));
	const struct other_mesh *mesh = other_mesh_find(pod, &choice);

	return mesh != NULL ? mesh->name : "";
}

static void test_known_sidecars(void)
{
	CLEANUP(profile_release) struct profile profile = sample_profile(SAMPLE_PROXY);

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		ASSERT_TEXT(ROWS[i].spec, mesh_in(ROWS[i].spec, &profile), ROWS[i].mesh);
}

/* The user writes the part of a profile's container that he wants otherwise. */
static void test_of_a_chosen_profile(void)
{
	CLEANUP(profile_release)
	struct profile profile = sample_profile(SAMPLE_DOCUMENT(
		"istio", "{'pod': {'spec': {'initContainers': [{'name': 'istio-proxy',"
			 " 'restartPolicy': 'Always', 'image': 'istio:1'}]}}}"));

	ASSERT_TEXT("its own", mesh_in("{'initContainers': [{'name': 'istio-proxy'}]}", &profile),
		    "");
	ASSERT_TEXT("its own, in the other list",
		    mesh_in("{'containers': [{'name': 'istio-proxy'}]}", &profile), "");
	ASSERT_TEXT("another's", mesh_in("{'containers': [{'name': 'kuma-sidecar'}]}", &profile),
		    "Kuma");
}

static CU_TestInfo tests[] = {
	{"known sidecars", test_known_sidecars},
	{"of a chosen profile", test_of_a_chosen_profile},
	CU_TEST_INFO_NULL,
};

SUITE("webhook/core/other_mesh", tests)
