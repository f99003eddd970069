/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/manifest.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/core/json_diff.h"

static struct manifest read_manifest(const char *text)
{
	struct manifest manifest = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(manifest_read(text, strlen(text), 1, &manifest, &err), 0);
	return manifest;
}

#define DEPLOYMENT                                 \
	"apiVersion: apps/v1 # x\n"                \
	"kind: Deployment\n"                       \
	"metadata: {name: web, namespace: shop}\n" \
	"spec:\n"                                  \
	"  template:\n"                            \
	"    spec: {a: 1}\n"

static void test_objects(void)
{
	CLEANUP(manifest_release) struct manifest one = read_manifest("\n" DEPLOYMENT);
	CLEANUP(manifest_release)
	struct manifest list =
		read_manifest("apiVersion: v1\nkind: List\nitems:\n"
			      "- {apiVersion: v1, kind: Pod, metadata: {generateName: web-}}\n"
			      "- {apiVersion: v1, kind: Service}\n");
	CLEANUP(manifest_release)
	struct manifest typed = read_manifest(
		"{apiVersion: apps/v1, kind: DeploymentList, items: [{metadata: {name: a}}]}");
	CLEANUP(manifest_release) struct manifest empty = read_manifest("# nothing\n---\n");
	CLEANUP(manifest_release) struct manifest text = read_manifest("--- x\n");
	CLEANUP(manifest_release)
	struct manifest no_items = read_manifest("apiVersion: v1\nkind: List\n");

	CU_ASSERT_EQUAL_FATAL(one.count, 1);
	CU_ASSERT_STRING_EQUAL(one.objects[0].kind, "Deployment");
	CU_ASSERT_STRING_EQUAL(one.objects[0].name, "web");
	CU_ASSERT_STRING_EQUAL(one.objects[0].namespace_name, "shop");
	CU_ASSERT_EQUAL(one.objects[0].node->line, 2);
	CU_ASSERT_EQUAL(one.objects[0].pod->line, 7);
	CU_ASSERT_EQUAL(one.objects[0].item, SIZE_MAX);

	CU_ASSERT_EQUAL_FATAL(list.count, 2);
	CU_ASSERT_STRING_EQUAL(list.objects[0].name, "web-");
	CU_ASSERT_PTR_EQUAL(list.objects[0].pod, list.objects[0].node);
	CU_ASSERT_PTR_NULL(list.objects[1].workload);
	CU_ASSERT_STRING_EQUAL(list.objects[1].name, "");
	CU_ASSERT_EQUAL(list.objects[1].item, 1);

	CU_ASSERT_EQUAL_FATAL(typed.count, 1);
	CU_ASSERT_STRING_EQUAL(typed.objects[0].kind, "Deployment");
	CU_ASSERT_PTR_NOT_NULL(typed.objects[0].workload);
	CU_ASSERT_PTR_NULL(typed.objects[0].pod);

	CU_ASSERT_EQUAL(empty.count, 0);
	CU_ASSERT_EQUAL(no_items.count, 0);
	CU_ASSERT_EQUAL_FATAL(text.count, 1);
	CU_ASSERT_STRING_EQUAL(text.objects[0].kind, "");
}

/* Gives every object of the manifest that pod, and writes it. The caller frees the text. */
static int replace_all(struct manifest *manifest, json_t *pod, char **ret_text, bool *ret_is_anew,
		       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < manifest->count; i++) {
		json_auto_t *patch = NULL;
		json_t *before = NULL;

		r = manifest_pod(manifest, &manifest->objects[i], &before, err);
		if (r == 0)
			r = json_diff(before, pod, &patch, err);
		if (r == 0)
			r = manifest_replace_pod(manifest, &manifest->objects[i], pod, patch, err);
	}
	if (r == 0)
		r = manifest_write(manifest, &out, ret_is_anew, err);
	return r < 0 ? r : strbuf_finish(&out, ret_text, err);
}

static const struct {
	const char *name, *text, *pod, *expected;
	bool is_anew;
} ROWS[] = {
	{"unchanged", DEPLOYMENT, "{'spec':{'a':1}}", DEPLOYMENT, false},
	{"a template", DEPLOYMENT "# y\n", "{'spec':{'a':1},'metadata':{'b':2}}",
	 DEPLOYMENT "    metadata:\n      b: 2\n# y\n", false},
	{"a pod", "apiVersion: v1\nkind: Pod\nspec: {} # x\n",
	 "{'apiVersion':'v1','kind':'Pod','spec':{'a':1}}",
	 "apiVersion: v1\nkind: Pod\nspec: # x\n  a: 1\n", false},
	{"pods of a list", "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  apiVersion: v1\n",
	 "{'apiVersion':'v1','kind':'Pod','spec':{'a':1}}",
	 "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  apiVersion: v1\n  spec:\n    a: 1\n",
	 false},
	{"templates of a list",
	 "{\"apiVersion\": \"apps/v1\", \"kind\": \"ReplicaSetList\", \"items\": [\n"
	 "  {\"spec\": {\"template\": {}}}\n]}\n",
	 "{'spec':{'a':1}}",
	 "{\"apiVersion\": \"apps/v1\", \"kind\": \"ReplicaSetList\", \"items\": [\n"
	 "  {\"spec\": {\"template\": {\"spec\": {\"a\": 1}}}}\n]}\n",
	 false},
	{"an anchor that would change elsewhere too",
	 "# x\napiVersion: apps/v1\nkind: ReplicaSet\nspec:\n  template: &t\n    spec:\n      a: "
	 "b\n  "
	 "other: *t\n# y\n",
	 "{'spec':{'a':1}}",
	 "# x\napiVersion: apps/v1\nkind: ReplicaSet\nspec:\n  template:\n    spec:\n      a: 1\n  "
	 "other:\n    spec:\n      a: b\n# y\n",
	 true},
	{"below an alias of what has changed",
	 "apiVersion: v1\nkind: Pod\nmetadata: {labels: &l {a: b}, annotations: *l}\n",
	 "{'apiVersion':'v1','kind':'Pod','metadata':{'labels':{'a':'b','c':'d'},"
	 "'annotations':{'a':'b','e':'f'}}}",
	 "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    a: b\n    c: d\n  "
	 "annotations:\n    a: b\n    e: f\n",
	 true},
	{"below what << takes over",
	 "a: &a {template: {spec: {a: b}}} # x\napiVersion: apps/v1\nkind: ReplicaSet\nspec:\n  "
	 "<<: *a\n  template: {spec: {a: b}}\n",
	 "{'spec':{'a':1}}",
	 "a: &a {template: {spec: {a: b}}} # x\napiVersion: apps/v1\nkind: ReplicaSet\nspec:\n  "
	 "<<: *a\n  template: {spec: {a: 1}}\n",
	 false},
};

static void test_replace(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(manifest_release) struct manifest manifest = read_manifest(ROWS[i].text);
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		CLEANUP(freep) char *text = NULL;
		struct err err = {0};
		bool is_anew = false;

		ASSERT_ROW(ROWS[i].name, replace_all(&manifest, pod, &text, &is_anew, &err) == 0);
		ASSERT_TEXT(ROWS[i].name, text, ROWS[i].expected);
		ASSERT_ROW(ROWS[i].name, is_anew == ROWS[i].is_anew);
	}
}

static void test_no_pod(void)
{
	CLEANUP(manifest_release)
	struct manifest manifest = read_manifest("apiVersion: batch/v1\nkind: CronJob\nspec: 5\n");
	CLEANUP(manifest_release)
	struct manifest bad = read_manifest("apiVersion: v1\nkind: Pod\nspec: {a: 1, a: 2}\n");
	struct err err = {0};
	json_t *pod = NULL;

	CU_ASSERT_EQUAL(manifest_pod(&manifest, manifest.objects, &pod, &err), 0);
	CU_ASSERT_TRUE(json_is_null(pod));
	CU_ASSERT_EQUAL(manifest_pod(&bad, bad.objects, &pod, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "line 3, column 14: the key a is there already");
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	static const char TEXT[] = "apiVersion: v1\nkind: Pod\nmetadata: &m {b: 1}\nx: *m\n";
	CLEANUP(manifest_release) struct manifest manifest = {0};
	bool is_anew = false;
	int r = manifest_read(TEXT, strlen(TEXT), 1, &manifest, err);

	return r < 0 ? r
		     : replace_all(&manifest, (json_t *)(uintptr_t)input, ret_outcome, &is_anew,
				   err);
}

static void test_out_of_memory(void)
{
	json_auto_t *pod =
		quoted_json("{'apiVersion':'v1','kind':'Pod','metadata':{'b':2},'x':{'b':1}}");

	alloc_fail_sweep_outcome("manifest", make, pod);
}

static CU_TestInfo tests[] = {
	{"objects", test_objects}, {"pods in their places", test_replace},
	{"no pod", test_no_pod},   {"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/manifest", tests)
