/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/pod_shape.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

static const struct {
	const char *pod;
	const char *error;
} ROWS[] = {
	{"{}", ""},
	{"{'metadata': null, 'spec': null}", ""},
	{"{'metadata': {'labels': {'a': ''}, 'annotations': null}, 'spec': {'containers': []}}",
	 ""},
	{"{'spec': {'containers': [{'name': 'a'}, {'name': 'b'}], 'volumes': [{'name': 'a'}]}}",
	 ""},
	{"{'metadata': 1}", "'metadata' must be an object, found integer"},
	{"{'spec': true}", "'spec' must be an object, found boolean"},
	{"{'metadata': {'labels': []}}", "metadata: 'labels' must be an object, found array"},
	{"{'metadata': {'labels': {'a': null}}}",
	 "metadata: labels: 'a' must be a string, found null"},
	{"{'metadata': {'annotations': {'a': {}}}}",
	 "metadata: annotations: 'a' must be a string, found object"},
	{"{'metadata': {'annotations': {'a': 'x\\u0000'}}}",
	 "metadata: annotations: 'a' must not hold a NUL character"},
	{"{'spec': {'containers': 'x'}}", "spec: 'containers' must be an array, found string"},
	{"{'spec': {'initContainers': [7]}}",
	 "spec: initContainers[0]: must be an object, found integer"},
	{"{'spec': {'containers': [{'name': 'a'}, {'name': 1.5}]}}",
	 "spec: containers[1]: 'name' must be a string, found number"},
	{"{'spec': {'containers': [{'name': ''}]}}", "spec: containers[0]: 'name' is missing"},
	{"{'spec': {'volumes': [{}]}}", "spec: volumes[0]: 'name' is missing"},
	{"{'spec': {'containers': [{'name': 'a'}, {'name': 'a'}]}}",
	 "spec: containers[1]: there is another one named 'a'"},
	{"{'spec': {'containers': [{'name': 'a'}], 'initContainers': [{'name': 'a'}]}}",
	 "spec: containers[0]: there is another one named 'a'"},
	{"{'spec': {'volumes': [{'name': 'a'}, {'name': 'a'}]}}",
	 "spec: volumes[1]: there is another one named 'a'"},
};

static void test_check(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		struct err err = {0};
		int r = pod_shape_check(pod, &err);

		ASSERT_ROW(ROWS[i].pod, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].pod, err.msg, ROWS[i].error);
	}
}

static json_t *pod_with_containers(size_t count)
{
	json_t *containers = json_array();
	char name[16];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		json_array_append_new(containers, json_pack("{s:s}", "name", name));
	}
	return json_pack("{s:{s:o}}", "spec", "containers", containers);
}

static void test_bounds(void)
{
	json_auto_t *most = pod_with_containers(POD_LIST_MAX);
	json_auto_t *too_many = pod_with_containers(POD_LIST_MAX + 1);
	struct err err = {0};

	CU_ASSERT_EQUAL(pod_shape_check(most, &err), 0);
	CU_ASSERT_EQUAL(pod_shape_check(too_many, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg,
			       "spec: containers has 4097 elements, at most 4096 are possible");
}

static void test_look_ups(void)
{
	json_auto_t *pod = quoted_json("{'metadata': {'annotations': {'k': 'v'}}, 'spec': {"
				       "'initContainers': [{'name': 'i'}], "
				       "'containers': [{'name': 'a'}, {'name': 'b'}], "
				       "'volumes': 'none'}}");
	json_auto_t *bare = quoted_json("{}");
	size_t index = 9;

	CU_ASSERT_EQUAL(json_array_size(pod_list(pod, "containers")), 2);
	CU_ASSERT_PTR_NULL(pod_list(pod, "volumes"));
	CU_ASSERT_PTR_NULL(pod_list(bare, "containers"));
	CU_ASSERT_PTR_NOT_NULL(pod_named(pod_list(pod, "containers"), "b", &index));
	CU_ASSERT_EQUAL(index, 1);
	CU_ASSERT_PTR_NULL(pod_named(pod_list(pod, "containers"), "i", &index));
	CU_ASSERT_EQUAL(index, 1);
	CU_ASSERT_PTR_NULL(pod_named(NULL, "a", NULL));
	CU_ASSERT_PTR_NOT_NULL(pod_container(pod, "i"));
	CU_ASSERT_PTR_NOT_NULL(pod_container(pod, "a"));
	CU_ASSERT_PTR_NULL(pod_container(pod, "c"));
	CU_ASSERT_EQUAL(json_object_size(pod_annotations(pod)), 1);
	CU_ASSERT_PTR_NULL(pod_annotations(bare));
}

static int attempt(const void *input, struct err *err)
{
	return pod_shape_check(*(json_t *const *)input, err);
}

static void test_out_of_memory(void)
{
	json_auto_t *pod = pod_with_containers(20);

	alloc_fail_sweep("pod", attempt, &pod);
}

static CU_TestInfo tests[] = {
	{"outlines are checked by path", test_check},
	{"lists have a largest size", test_bounds},
	{"look-ups", test_look_ups},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/pod_shape", tests)
