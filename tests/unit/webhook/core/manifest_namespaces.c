/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/manifest_namespaces.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define NAMESPACE(rest) "apiVersion: v1\nkind: Namespace\n" rest

static int add_all(const char *text, struct manifest_namespaces *namespaces, struct err *err)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	int r = manifest_read(text, strlen(text), 1, &manifest, err);

	for (size_t i = 0; r == 0 && i < manifest.count; i++)
		r = manifest_namespaces_add(namespaces, &manifest.objects[i], err);
	return r;
}

static void test_found(void)
{
	CLEANUP(manifest_namespaces_release) struct manifest_namespaces namespaces = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL(add_all("apiVersion: v1\nkind: List\nitems:\n"
				"- apiVersion: v1\n"
				"  kind: Namespace\n"
				"  metadata:\n"
				"    name: shop\n"
				"    labels: {sidewire.io/inject: enabled, other: x}\n"
				"    annotations: {sidewire.io/gate: none, other: x}\n"
				"- {apiVersion: v1, kind: Namespace, metadata: {name: bare}}\n"
				"- {apiVersion: v1, kind: Service, metadata: {name: web}}\n"
				"- {apiVersion: x/v1, kind: Namespace, metadata: {name: x}}\n",
				&namespaces, &err),
			0);
	CU_ASSERT_EQUAL(namespaces.count, 2);
	const struct namespace_facts *shop = manifest_namespaces_find(&namespaces, "shop");
	const struct namespace_facts *bare = manifest_namespaces_find(&namespaces, "bare");
	CU_ASSERT_FATAL(shop != NULL && bare != NULL);
	CU_ASSERT_STRING_EQUAL(shop->label, "enabled");
	CLEANUP(freep) char *annotations = quoted_json_text(shop->annotations);
	CU_ASSERT_STRING_EQUAL(annotations, "{'sidewire.io/gate':'none'}");
	CU_ASSERT_PTR_NULL(bare->label);
	CU_ASSERT_PTR_NULL(bare->annotations);
	CU_ASSERT_PTR_NULL(manifest_namespaces_find(&namespaces, "web"));
	CU_ASSERT_EQUAL(add_all(NAMESPACE("metadata: {name: shop}"), &namespaces, &err), -EEXIST);
	CU_ASSERT_STRING_EQUAL(err.msg, "line 1, column 1: namespace 'shop' is there twice");
}

static const struct {
	const char *text, *message;
} BAD[] = {
	{NAMESPACE(""), "line 1, column 1: this is no Namespace: 'name' is missing"},
	{NAMESPACE("metadata: {name: 5}"),
	 "line 1, column 1: this is no Namespace: 'name' must be a string, found integer"},
	{NAMESPACE("metadata: {name: a, labels: {sidewire.io/inject: true}}"),
	 "line 1, column 1: this is no Namespace: 'sidewire.io/inject' must be a string, found "
	 "boolean"},
	{NAMESPACE("metadata: {name: a, annotations: {sidewire.io/exclude-uids: 5}}"),
	 "line 1, column 1: this is no Namespace: annotation 'sidewire.io/exclude-uids' must be a "
	 "text, found integer"},
	{NAMESPACE("metadata: {name: a, a: 1, a: 2}"),
	 "line 3, column 27: the key a is there already"},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
		CLEANUP(manifest_namespaces_release) struct manifest_namespaces namespaces = {0};
		struct err err = {0};

		ASSERT_ROW(BAD[i].text, add_all(BAD[i].text, &namespaces, &err) == -EINVAL);
		ASSERT_TEXT(BAD[i].text, err.msg, BAD[i].message);
		ASSERT_ROW(BAD[i].text, namespaces.count == 0);
	}
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(manifest_namespaces_release) struct manifest_namespaces namespaces = {0};

	return add_all(input, &namespaces, err);
}

static void test_out_of_memory(void)
{
	alloc_fail_sweep("namespace", attempt,
			 NAMESPACE("metadata: {name: a, labels: {sidewire.io/inject: enabled},"
				   " annotations: {b: c}}"));
}

static CU_TestInfo tests[] = {
	{"found by name", test_found},
	{"bad ones", test_bad},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/manifest_namespaces", tests)
