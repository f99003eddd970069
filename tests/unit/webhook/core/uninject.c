/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/uninject.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"
#include "webhook/core/inject.h"

static const struct {
	const char *name, *pod;
} PODS[] = {
	{"no metadata", "{'spec':{'containers':[{'name':'a'}]}}"},
	{"empty ones", "{'metadata':{'annotations':{},'labels':{}},"
		       "'spec':{'initContainers':[],'containers':[],'volumes':[]}}"},
	{"nulls",
	 "{'metadata':{'annotations':null},'spec':{'initContainers':null,'volumes':null}}"},
	{"everything", "{'metadata':{'name':'x','labels':{'a':'1'},'annotations':{'b':'2'},'z':1},"
		       "'spec':{'initContainers':[{'name':'i','z':[1]}],'containers':[{'name':'a',"
		       "'z':{}}],'volumes':[{'name':'v'}],'z':9223372036854775807},'z':1.0}"},
	{"overridden", "{'spec':{'containers':[{'name':'a'}],'initContainers':[{'name':'proxy',"
		       "'image':'auto','imagePullPolicy':'Always','ports':[]}]}}"},
	{"a status of nobody's", "{'metadata':{'annotations':{'sidewire.io/status':'{}',"
				 "'sidewire.io/redirect':'x'}},'spec':{}}"},
};

static void inject_sample(json_t *pod, struct inject_result *ret_result)
{
	CLEANUP(profile_set_release) struct profile_set set = sample_set();
	const struct inject_question question = {.operation = "CREATE",
						 .resource = "pods",
						 .subresource = "",
						 .namespace_name = "shop",
						 .namespace_label = "enabled",
						 .own_namespace = "sidewire-system",
						 .pod = pod};
	const struct inject_options options = {.default_profiles = "proxy"};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(inject(&question, &set, &options, ret_result, &err), 0);
	CU_ASSERT_EQUAL_FATAL(ret_result->decision.verdict, INJECT_YES);
}

static void test_inverse(void)
{
	for (size_t i = 0; i < sizeof(PODS) / sizeof(*PODS); i++) {
		CLEANUP(inject_result_release) struct inject_result once = {0};
		CLEANUP(inject_result_release) struct inject_result twice = {0};
		json_auto_t *pod = quoted_json(PODS[i].pod);
		json_auto_t *left = json_array();
		json_auto_t *undone = NULL;
		struct err err = {0};

		inject_sample(pod, &once);
		inject_sample(once.pod, &twice);
		ASSERT_ROW(PODS[i].name, json_equal(once.pod, twice.pod));
		ASSERT_ROW(PODS[i].name, uninject(twice.pod, left, &undone, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(undone);
		ASSERT_ROW(PODS[i].name, json_equal(undone, pod));
		if (!json_equal(undone, pod))
			printf("\n    %s\n", text);
	}
}

/* Somebody adds to the injected pod, and we are asked again: what we then take out is ours alone.
 */
static void test_others_between(void)
{
	CLEANUP(inject_result_release) struct inject_result once = {0};
	CLEANUP(inject_result_release) struct inject_result twice = {0};
	json_auto_t *pod = quoted_json(PODS[0].pod);
	json_auto_t *left = json_array();
	json_auto_t *undone = NULL;
	struct err err = {0};

	inject_sample(pod, &once);
	json_t *metadata = json_object_get(once.pod, "metadata");
	json_t *spec = json_object_get(once.pod, "spec");
	json_object_set_new(json_object_get(metadata, "annotations"), "other", json_string("1"));
	json_array_insert_new(json_object_get(spec, "volumes"), 0, quoted_json("{'name':'other'}"));
	inject_sample(once.pod, &twice);
	CU_ASSERT(json_array_size(twice.patch) == 0);
	CU_ASSERT_FATAL(uninject(twice.pod, left, &undone, &err) == 0);
	CLEANUP(freep) char *text = quoted_json_text(undone);
	ASSERT_TEXT("others", text,
		    "{'spec':{'containers':[{'name':'a'}],'volumes':[{'name':'other'}]},"
		    "'metadata':{'annotations':{'other':'1'}}}");
}

/* Somebody changes what we wrote, and we are asked again: that it is not ours is told all the same.
 */
static void test_changed_between(void)
{
	CLEANUP(inject_result_release) struct inject_result once = {0};
	CLEANUP(inject_result_release) struct inject_result twice = {0};
	json_auto_t *pod = quoted_json(
		"{'spec':{'initContainers':[{'name':'proxy','image':'auto'}],'containers':[]}}");
	json_auto_t *left = json_array();
	json_auto_t *undone = NULL;
	struct err err = {0};

	inject_sample(pod, &once);
	json_t *spec = json_object_get(once.pod, "spec");
	json_object_set_new(json_array_get(json_object_get(spec, "initContainers"), 0), "image",
			    json_string("mine"));
	inject_sample(once.pod, &twice);
	CU_ASSERT(json_array_size(twice.patch) == 0);
	CU_ASSERT_FATAL(uninject(twice.pod, left, &undone, &err) == 0);
	CLEANUP(freep) char *text = quoted_json_text(undone);
	ASSERT_TEXT("changed", text,
		    "{'spec':{'initContainers':[{'name':'proxy','image':'mine'}],"
		    "'containers':[]}}");
	CLEANUP(freep) char *places = quoted_json_text(left);
	ASSERT_TEXT("left", places, "['spec.initContainers.proxy.image']");
}

static const struct {
	const char *name, *pod, *message; /* "": the pod itself comes back */
} STATUS_ROWS[] = {
	{"no annotations", "{'metadata':{}}", ""},
	{"none of ours", "{'metadata':{'annotations':{'a':'b'}}}", ""},
	{"null", "{'metadata':{'annotations':{'sidewire.io/status':null}}}", ""},
	{"metadata of another type", "{'metadata':7}", ""},
	{"no string", "{'metadata':{'annotations':{'sidewire.io/status':1}}}",
	 "'sidewire.io/status' must be a string, found integer"},
	{"no JSON", "{'metadata':{'annotations':{'sidewire.io/status':'x'}}}",
	 "annotation 'sidewire.io/status': not valid JSON at line 1, column 1: '[' or '{' expected "
	 "near 'x'"},
	{"no version", "{'metadata':{'annotations':{'sidewire.io/status':'{\\'undo\\':{}}'}}}",
	 "annotation 'sidewire.io/status': 'version' is missing"},
	{"another version",
	 "{'metadata':{'annotations':{'sidewire.io/status':'{\\'version\\':2,\\'undo\\':{}}'}}}",
	 "annotation 'sidewire.io/status': 'version' must be in 1 to 1, found 2"},
	{"no tree", "{'metadata':{'annotations':{'sidewire.io/status':'{\\'version\\':1}'}}}",
	 "annotation 'sidewire.io/status': 'undo' is missing"},
	{"another tree",
	 "{'metadata':{'annotations':{'sidewire.io/status':'{\\'version\\':1,\\'undo\\':{\\'spec\\'"
	 ":1}}'}}}",
	 "annotation 'sidewire.io/status': undo: spec: must be 'added', an object, or an array of "
	 "what was"},
};

static void test_status(void)
{
	for (size_t i = 0; i < sizeof(STATUS_ROWS) / sizeof(*STATUS_ROWS); i++) {
		json_auto_t *pod = quoted_json(STATUS_ROWS[i].pod);
		json_auto_t *left = json_array();
		json_auto_t *undone = NULL;
		struct err err = {0};
		bool is_fine = *STATUS_ROWS[i].message == '\0';

		ASSERT_ROW(STATUS_ROWS[i].name,
			   uninject(pod, left, &undone, &err) == (is_fine ? 0 : -EINVAL));
		ASSERT_ROW(STATUS_ROWS[i].name, undone == (is_fine ? pod : NULL));
		ASSERT_TEXT(STATUS_ROWS[i].name, err.msg, STATUS_ROWS[i].message);
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct inject_result *injected = input;
	json_auto_t *left = json_array();
	json_auto_t *undone = NULL;

	if (left == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = uninject(injected->pod, left, &undone, err);

	return r == 0 ? alloc_fail_outcome(undone, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	for (size_t i = 0; i < sizeof(PODS) / sizeof(*PODS); i++) {
		CLEANUP(inject_result_release) struct inject_result injected = {0};
		json_auto_t *pod = quoted_json(PODS[i].pod);

		inject_sample(pod, &injected);
		alloc_fail_sweep_outcome(PODS[i].name, make, &injected);
	}
}

static CU_TestInfo tests[] = {
	{"the inverse of injection", test_inverse},
	{"what others added stays", test_others_between},
	{"what others changed is told after a second pass, too", test_changed_between},
	{"the status has to be one", test_status},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/uninject", tests)
