/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/installation.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define DEPLOYMENT(containers) "{'spec':{'template':{'spec':{'containers':" containers "}}}}"
#define WEBHOOK(more) "[{'name':'other'},{'name':'webhook','image':'sidewire:1'" more "}]"
#define ARGS(more) ",'args':['--in-cluster'" more "]"
#define IN_DEPLOYMENT "container 'webhook' of the Deployment: "

static const struct {
	const char *deployment;
	const char *default_profiles; /* "": not said */
	enum image_volumes image_volumes;
	const char *error; /* "": it can be read */
} ROWS[] = {
	{DEPLOYMENT(WEBHOOK("")), "", IMAGE_VOLUMES_UNKNOWN, ""},
	{DEPLOYMENT(WEBHOOK(ARGS(""))), "", IMAGE_VOLUMES_UNKNOWN, ""},
	{DEPLOYMENT(WEBHOOK(ARGS(",'--default-profiles','a,b'"))), "a,b", IMAGE_VOLUMES_UNKNOWN,
	 ""},
	{DEPLOYMENT(WEBHOOK(ARGS(",'--default-profiles=a,b','--image-volumes=yes'"))), "a,b",
	 IMAGE_VOLUMES_YES, ""},
	{DEPLOYMENT(WEBHOOK(ARGS(",'--image-volumes','no'"))), "", IMAGE_VOLUMES_NO, ""},
	{DEPLOYMENT(WEBHOOK(ARGS(",'--default-profiles-x=c','--default-profiles'"))), "",
	 IMAGE_VOLUMES_UNKNOWN, ""},
	{DEPLOYMENT(WEBHOOK(ARGS(",'--image-volumes','perhaps'"))), "", IMAGE_VOLUMES_UNKNOWN,
	 IN_DEPLOYMENT "'perhaps' is not yes or no"},
	{DEPLOYMENT(WEBHOOK(",'args':'x'")), "", IMAGE_VOLUMES_UNKNOWN,
	 IN_DEPLOYMENT "'args' must be an array, found string"},
	{DEPLOYMENT("[{'name':'webhook','image':1}]"), "", IMAGE_VOLUMES_UNKNOWN,
	 IN_DEPLOYMENT "'image' must be a string, found integer"},
	{DEPLOYMENT("[{'name':'other'}]"), "", IMAGE_VOLUMES_UNKNOWN,
	 "the Deployment has no container 'webhook'"},
	{"{'spec':{}}", "", IMAGE_VOLUMES_UNKNOWN, "the Deployment has no container 'webhook'"},
	{"[]", "", IMAGE_VOLUMES_UNKNOWN, "the Deployment has no container 'webhook'"},
};

static void test_deployment(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *deployment = quoted_json(ROWS[i].deployment);
		struct installation found = {0};
		struct err err = {0};
		int r = installation_read(deployment, &found, &err);

		ASSERT_ROW(ROWS[i].deployment, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].deployment, err.msg, ROWS[i].error);
		if (r < 0)
			continue;
		ASSERT_TEXT(ROWS[i].deployment, found.image, "sidewire:1");
		ASSERT_TEXT(ROWS[i].deployment,
			    found.default_profiles != NULL ? found.default_profiles : "",
			    ROWS[i].default_profiles);
		ASSERT_ROW(ROWS[i].deployment, found.image_volumes == ROWS[i].image_volumes);
	}
}

/* A profile of that name, as text within the texts of quoted_json(). */
#define PROFILE(name)                                                \
	"apiVersion: sidewire.io/v1alpha1\\nkind: SidecarProfile\\n" \
	"metadata: {name: " name "}\\nspec: {pod: {metadata: {labels: {a: b}}}}\\n"

static const struct {
	const char *config_map;
	size_t count;
	int code;
	const char *error;
} CONFIG_MAPS[] = {
	{"{'data':{'a.yaml':'" PROFILE("a") "','b.yml':'" PROFILE("b") "','c':'none'}}", 2, 0, ""},
	{"{'data':{'README.md':'x'}}", 0, -ENOENT,
	 "the ConfigMap has no profile (*.yaml, *.yml or *.json)"},
	{"{}", 0, -ENOENT, "the ConfigMap has no profile (*.yaml, *.yml or *.json)"},
	{"{'data':{'a.yaml':1}}", 0, -EINVAL, "a.yaml: it must be a string, found integer"},
	{"{'data':{'a.json':'" PROFILE("a") "'}}", 0, -EINVAL, "a.json: "},
	{"{'data':{'a.yaml':'" PROFILE("a") "','b.yaml':'" PROFILE("a") "'}}", 0, -EEXIST,
	 "b.yaml: "},
};

static void test_profiles(void)
{
	for (size_t i = 0; i < sizeof(CONFIG_MAPS) / sizeof(*CONFIG_MAPS); i++) {
		json_auto_t *config_map = quoted_json(CONFIG_MAPS[i].config_map);
		CLEANUP(profile_set_release) struct profile_set set = {0};
		const char *error = CONFIG_MAPS[i].error;
		struct err err = {0};

		ASSERT_ROW(CONFIG_MAPS[i].config_map,
			   installation_profiles(config_map, &set, &err) == CONFIG_MAPS[i].code);
		ASSERT_ROW(CONFIG_MAPS[i].config_map, strncmp(err.msg, error, strlen(error)) == 0);
		ASSERT_ROW(CONFIG_MAPS[i].config_map, set.count == CONFIG_MAPS[i].count);
	}
}

static int attempt_profiles(const void *config_map, struct err *err)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};

	return installation_profiles(config_map, &set, err);
}

static void test_out_of_memory(void)
{
	json_auto_t *config_map = quoted_json(CONFIG_MAPS[0].config_map);

	alloc_fail_sweep("profiles of a ConfigMap", attempt_profiles, config_map);
}

static CU_TestInfo tests[] = {
	{"the webhook's Deployment", test_deployment},
	{"the ConfigMap of profiles", test_profiles},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/installation", tests)
