/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/namespace_defaults.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/vocabulary.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define OF_SHOP(metadata) "{'metadata':{'name':'shop'" metadata "}}"

static const struct {
	const char *object;
	const char *label;       /* NULL: none */
	const char *annotations; /* "(nothing)": none */
	const char *message;     /* NULL: it is read */
} NAMESPACES[] = {
	{OF_SHOP(""), NULL, "(nothing)", NULL},
	{OF_SHOP(",'labels':null,'annotations':null"), NULL, "(nothing)", NULL},
	{OF_SHOP(",'labels':{'team':'a','sidewire.io/inject':'enabled'}"), "enabled", "(nothing)",
	 NULL},
	{OF_SHOP(",'labels':{'sidewire.io/inject':''}"), "", "(nothing)", NULL},
	{OF_SHOP(",'annotations':{'kubectl.kubernetes.io/x':'y','sidewire.iox':'y','sidewire.io/"
		 "gate':'none','param.sidewire.io/cpu':'','xparam.sidewire.io/y':'z'}"),
	 NULL, "{'sidewire.io/gate':'none','param.sidewire.io/cpu':''}", NULL},
	/* Others' annotations may have any type here: nobody looks at them. */
	{OF_SHOP(",'annotations':{'other':7,'sidewire.io/unknown':'x'}"), NULL,
	 "{'sidewire.io/unknown':'x'}", NULL},
	{OF_SHOP(",'annotations':{'sidewire.io/gate':true}"), NULL, NULL,
	 "this is no Namespace: annotation 'sidewire.io/gate' must be a text, found boolean"},
	{OF_SHOP(",'annotations':[]"), NULL, NULL,
	 "this is no Namespace: 'annotations' must be an object, found array"},
	{OF_SHOP(",'labels':'x'"), NULL, NULL,
	 "this is no Namespace: 'labels' must be an object, found string"},
	{OF_SHOP(",'labels':{'sidewire.io/inject':1}"), NULL, NULL,
	 "this is no Namespace: 'sidewire.io/inject' must be a string, found integer"},
	{"{'metadata':{'name':''}}", NULL, NULL, "this is no Namespace: 'name' is missing"},
	{"{'metadata':{}}", NULL, NULL, "this is no Namespace: 'name' is missing"},
	{"{'metadata':[]}", NULL, NULL,
	 "this is no Namespace: 'metadata' must be an object, found array"},
	{"{}", NULL, NULL, "this is no Namespace: 'name' is missing"},
};

static void test_facts(void)
{
	for (size_t i = 0; i < sizeof(NAMESPACES) / sizeof(*NAMESPACES); i++) {
		const char *row = NAMESPACES[i].object;
		json_auto_t *object = quoted_json(row);
		CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};
		struct err err = {0};
		int r = namespace_facts_read(object, &facts, &err);

		if (NAMESPACES[i].message != NULL) {
			ASSERT_ROW(row, r == -EINVAL && facts.name == NULL);
			ASSERT_TEXT(row, err.msg, NAMESPACES[i].message);
			continue;
		}
		CLEANUP(freep) char *annotations = quoted_json_text(facts.annotations);
		ASSERT_ROW(row, r == 0);
		ASSERT_TEXT(row, facts.name, "shop");
		ASSERT_TEXT(row, annotations, NAMESPACES[i].annotations);
		ASSERT_ROW(row, (facts.label == NULL) == (NAMESPACES[i].label == NULL));
		if (NAMESPACES[i].label != NULL)
			ASSERT_TEXT(row, facts.label, NAMESPACES[i].label);
	}
}

static const struct {
	const char *name;
	const char *own, *defaults, *merged; /* NULL: none */
} MERGES[] = {
	{"nobody says anything", NULL, NULL, "(nothing)"},
	{"the pod alone", "{'a':'1'}", NULL, "{'a':'1'}"},
	{"the namespace alone", NULL, "{'a':'2'}", "{'a':'2'}"},
	{"key by key", "{'a':'1','b':'1'}", "{'b':'2','c':'2'}", "{'b':'1','c':'2','a':'1'}"},
	{"values are not joined", "{'a':'1,2'}", "{'a':'3'}", "{'a':'1,2'}"},
	{"an empty value of the pod's is one", "{'a':''}", "{'a':'3'}", "{'a':''}"},
};

static void test_merge(void)
{
	for (size_t i = 0; i < sizeof(MERGES) / sizeof(*MERGES); i++) {
		const char *row = MERGES[i].name;
		json_auto_t *own = MERGES[i].own != NULL ? quoted_json(MERGES[i].own) : NULL;
		json_auto_t *defaults =
			MERGES[i].defaults != NULL ? quoted_json(MERGES[i].defaults) : NULL;
		json_auto_t *own_before = json_deep_copy(own);
		json_auto_t *defaults_before = json_deep_copy(defaults);
		json_auto_t *merged = NULL;
		struct err err = {0};

		ASSERT_ROW(row, namespace_defaults_merge(own, defaults, &merged, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(merged);
		ASSERT_TEXT(row, text, MERGES[i].merged);
		ASSERT_ROW(row, own == NULL || json_equal(own, own_before));
		ASSERT_ROW(row, defaults == NULL || json_equal(defaults, defaults_before));
		ASSERT_ROW(row, defaults == NULL || merged != defaults);
	}
}

static void test_origin(void)
{
	json_auto_t *own = quoted_json("{'a':'1','b':'1'}");
	json_auto_t *defaults = quoted_json("{'b':'2','c':'2'}");

	CU_ASSERT_EQUAL(namespace_defaults_origin(own, defaults, "a"), ANNOTATION_OF_POD);
	CU_ASSERT_EQUAL(namespace_defaults_origin(own, defaults, "b"), ANNOTATION_OF_POD);
	CU_ASSERT_EQUAL(namespace_defaults_origin(own, defaults, "c"), ANNOTATION_OF_NAMESPACE);
	CU_ASSERT_EQUAL(namespace_defaults_origin(own, defaults, "d"), ANNOTATION_OF_NOBODY);
	CU_ASSERT_EQUAL(namespace_defaults_origin(NULL, defaults, "b"), ANNOTATION_OF_NAMESPACE);
	CU_ASSERT_EQUAL(namespace_defaults_origin(own, NULL, "c"), ANNOTATION_OF_NOBODY);
	CU_ASSERT_EQUAL(namespace_defaults_origin(NULL, NULL, "a"), ANNOTATION_OF_NOBODY);
}

/* Reads the namespace, and merges its defaults with a pod's annotations. */
static int make(const void *input, char **ret_outcome, struct err *err)
{
	json_t *const *pod_and_namespace = input;
	CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};
	json_auto_t *merged = NULL;
	int r = namespace_facts_read(pod_and_namespace[1], &facts, err);

	if (r < 0)
		return r;
	r = namespace_defaults_merge(pod_and_namespace[0], facts.annotations, &merged, err);
	return r == 0 ? alloc_fail_outcome(merged, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	json_auto_t *own = quoted_json("{'a':'1','sidewire.io/gate':'none'}");
	json_auto_t *object = quoted_json(
		OF_SHOP(",'annotations':{'sidewire.io/gate':'probe','param.sidewire.io/cpu':'1'}"));
	json_t *const pod_and_namespace[] = {own, object};

	alloc_fail_sweep_outcome("read and merge", make, pod_and_namespace);
}

static CU_TestInfo tests[] = {
	{"what is read of a namespace", test_facts},
	{"the pod wins, key by key", test_merge},
	{"whose value is in force", test_origin},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/namespace_defaults", tests)
