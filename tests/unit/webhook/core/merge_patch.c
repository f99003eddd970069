/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/merge_patch.h"

#include <errno.h>
#include <stdbool.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

struct check_row {
	const char *name;
	const char *patch;
	int code;
	const char *message; /* "" when the patch is good */
};

#define COPIED ": it is inside of what is taken as a whole"

static const struct check_row CHECK_ROWS[] = {
	{"empty", "{}", 0, ""},
	{"directives", "{'a':{'$patch':'delete'},'b':{'$patch':'replace','c':1}}", 0, ""},
	{"directives of elements",
	 "{'spec':{'containers':[{'$patch':'delete','name':'a'},{'$patch':'replace'}]}}", 0, ""},
	{"retained keys", "{'a':{'$retainKeys':['b'],'b':1,'c':null}}", 0, ""},
	{"dollars in values", "{'a':'$patch','b':['$patch']}", 0, ""},
	{"unknown directive", "{'a':{'b':[{'$setElementOrder/env':[]}]}}", -ENOTSUP,
	 "a.b[0]: the directive '$setElementOrder/env' is not understood"},
	{"list deletion", "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a']}}", -ENOTSUP,
	 "metadata: the directive '$deleteFromPrimitiveList/finalizers' is not understood"},
	{"at the root", "{'$retainkeys':[]}", -ENOTSUP,
	 "the directive '$retainkeys' is not understood"},
	{"unknown value", "{'a':{'$patch':'merge'}}", -ENOTSUP,
	 "a: the directive '$patch: merge' is not understood, expected delete or replace"},
	{"unknown value in an element", "{'spec':{'volumes':[{'$patch':'merge','name':'a'}]}}",
	 -ENOTSUP,
	 "spec.volumes[0]: the directive '$patch: merge' is not understood, expected delete or "
	 "replace"},
	{"directive that is no string", "{'a':{'$patch':1}}", -EINVAL,
	 "a: '$patch' must be a string, found integer"},
	{"retained keys that are no list", "{'a':{'$retainKeys':'b'}}", -EINVAL,
	 "a: '$retainKeys' must be an array, found string"},
	{"retained keys that are no strings", "{'a':{'$retainKeys':['b',{}]}}", -EINVAL,
	 "a: '$retainKeys' must hold strings, found object"},
	{"set but not retained", "{'a':{'$retainKeys':['b'],'c':1}}", -EINVAL,
	 "a: 'c' is not in '$retainKeys'"},
	{"no key", "{'spec':{'containers':[{'name':'a'},{'image':'b'}]}}", -EINVAL,
	 "spec.containers[1]: has no 'name'"},
	{"null as a key", "{'spec':{'containers':[{'name':null}]}}", -EINVAL,
	 "spec.containers[0]: has no 'name'"},
	{"an object as a key", "{'spec':{'containers':[{'name':{}}]}}", -EINVAL,
	 "spec.containers[0]: 'name' must be a scalar, found object"},
	{"an array to delete by", "{'spec':{'containers':[{'name':[],'$patch':'delete'}]}}",
	 -EINVAL, "spec.containers[0]: 'name' must be a scalar, found array"},
	{"no key to delete by", "{'spec':{'hostAliases':[{'$patch':'delete'}]}}", -EINVAL,
	 "spec.hostAliases[0]: has no 'ip'"},
	{"no key, deep", "{'spec':{'initContainers':[{'name':'a','volumeMounts':[{'name':'v'}]}]}}",
	 -EINVAL, "spec.initContainers[0].volumeMounts[0]: has no 'mountPath'"},
	{"element of the wrong type", "{'spec':{'volumes':['v']}}", -EINVAL,
	 "spec.volumes[0]: must be an object, found string"},
	{"object in a set", "{'metadata':{'finalizers':['a',{}]}}", -EINVAL,
	 "metadata.finalizers[1]: must be a string, found object"},
	{"directive in a set", "{'metadata':{'finalizers':[{'$patch':'replace'}]}}", -EINVAL,
	 "metadata.finalizers[0]: must be a string, found object"},
	{"null in a set", "{'metadata':{'finalizers':[null]}}", -EINVAL,
	 "metadata.finalizers[0]: must be a string, found null"},
	{"replaced element with content",
	 "{'spec':{'containers':[{'$patch':'replace','name':'a'}]}}", -EINVAL,
	 "spec.containers[0]: '$patch: replace' replaces the whole list, and must stand alone in "
	 "its element"},
	{"deletion from an atomic list", "{'spec':{'tolerations':[{'$patch':'delete','key':'a'}]}}",
	 -EINVAL, "spec.tolerations[0]: must not have '$patch'" COPIED},
	{"replacement of an atomic list", "{'x':[{'$patch':'replace'},{'y':1}]}", -EINVAL,
	 "x[0]: must not have '$patch'" COPIED},
	{"deep in an atomic list", "{'x':[[{'a':{'b':{'$patch':'delete'}}}]]}", -EINVAL,
	 "x[0][0].a.b: must not have '$patch'" COPIED},
	{"in an object that is put in", "{'a':{'$patch':'replace','b':{'$patch':'delete'}}}",
	 -EINVAL, "a.b: must not have '$patch'" COPIED},
	{"in a list of such an object",
	 "{'spec':{'$patch':'replace','volumes':[{'name':'a'},{'$patch':'replace'}]}}", -EINVAL,
	 "spec.volumes[1]: must not have '$patch'" COPIED},
	{"in a list of such an object, with a key",
	 "{'spec':{'$patch':'replace','volumes':[{'name':'a','$patch':'delete'}]}}", -EINVAL,
	 "spec.volumes[0]: must not have '$patch'" COPIED},
	{"in a list that is put in",
	 "{'spec':{'volumes':[{'name':'a','emptyDir':{'$patch':'replace'}},{'$patch':'replace'}]}}",
	 -EINVAL, "spec.volumes[0].emptyDir: must not have '$patch'" COPIED},
	{"in what is deleted and set again",
	 "{'spec':{'volumes':[{'name':'b','emptyDir':{'$patch':'replace'}},"
	 "{'name':'a','emptyDir':{'$patch':'replace'}},{'name':'a','$patch':'delete'}]}}",
	 -EINVAL, "spec.volumes[1].emptyDir: must not have '$patch'" COPIED},
	{"retained keys in what is put in",
	 "{'a':{'$patch':'replace','b':{'$retainKeys':['c'],'c':1}}}", 0, ""},
};

static void test_check(void)
{
	for (size_t i = 0; i < sizeof(CHECK_ROWS) / sizeof(*CHECK_ROWS); i++) {
		const struct check_row *row = &CHECK_ROWS[i];
		json_auto_t *patch = quoted_json(row->patch);
		struct err err = {0};

		ASSERT_ROW(row->name, merge_patch_check(patch, MERGE_RULES_POD, &err) == row->code);
		ASSERT_TEXT(row->name, err.msg, row->message);
	}
}

/* An object within an object, `depth` of them, and the same of arrays. */
static json_t *nested(unsigned int depth, bool is_array)
{
	json_t *value = json_object();

	while (--depth > 0) {
		json_t *outer = is_array && depth > 1 ? json_array() : json_object();

		if (json_is_array(outer))
			json_array_append_new(outer, value);
		else
			json_object_set_new(outer, "a", value);
		value = outer;
	}
	return value;
}

static void test_depth(void)
{
	for (int is_array = 0; is_array < 2; is_array++) {
		json_auto_t *deepest = nested(MERGE_PATCH_DEPTH_MAX, is_array);
		json_auto_t *deeper = nested(MERGE_PATCH_DEPTH_MAX + 1, is_array);
		struct err err = {0};

		CU_ASSERT(merge_patch_check(deepest, NULL, &err) == 0);
		CU_ASSERT(merge_patch_check(deeper, NULL, &err) == -E2BIG);
		ASSERT_TEXT("depth", err.msg, "the patch is nested more than 128 levels deep");
	}
}

struct content_row {
	const char *name;
	const char *value;
	const char *content; /* NULL: the value itself, shared */
};

static const struct content_row CONTENT_ROWS[] = {
	{"scalar", "1", NULL},
	{"plain", "{'a':[{'b':1},null,[]],'c':{}}", NULL},
	{"nulls", "{'a':null,'b':[{'c':null}]}", "{'b':[{}]}"},
	{"directives", "{'$patch':'replace','$retainKeys':['a'],'a':1}", "{'a':1}"},
	{"deleted members", "{'a':{'$patch':'delete','x':1},'b':2}", "{'b':2}"},
	{"replaced members", "{'a':{'$patch':'replace','x':1},'b':2}", "{'b':2}"},
	{"elements", "[{'$patch':'delete','name':'a'},1,{'$patch':'replace'},{'b':null}]",
	 "[1,{}]"},
};

static void test_content(void)
{
	for (size_t i = 0; i < sizeof(CONTENT_ROWS) / sizeof(*CONTENT_ROWS); i++) {
		const struct content_row *row = &CONTENT_ROWS[i];
		json_auto_t *value = quoted_json(row->value);
		json_auto_t *content = NULL;
		struct err err = {0};

		ASSERT_ROW(row->name,
			   merge_patch_content(value, MERGE_ADD_MEMBER, &content, &err) == 0);
		ASSERT_ROW(row->name, (content == value) == (row->content == NULL));
		CLEANUP(freep) char *text = quoted_json_text(content);
		ASSERT_TEXT(row->name, text, row->content != NULL ? row->content : row->value);
		CLEANUP(freep) char *value_text = quoted_json_text(value);
		ASSERT_TEXT(row->name, value_text, row->value);
	}
}

static const struct {
	const char *name, *value, *content; /* NULL: refused */
} ELEMENT_ROWS[] = {
	{"without directives", "{'a':null,'b':{'$retainKeys':['c'],'c':1}}", "{'b':{'c':1}}"},
	{"deleted member", "{'a':{'$patch':'delete'}}", NULL},
	{"replaced member", "{'a':{'b':{'$patch':'replace'}}}", NULL},
	{"element", "{'a':[1,{'$patch':'delete','name':'b'}]}", NULL},
};

static void test_content_of_element(void)
{
	for (size_t i = 0; i < sizeof(ELEMENT_ROWS) / sizeof(*ELEMENT_ROWS); i++) {
		const char *expected = ELEMENT_ROWS[i].content;
		json_auto_t *value = quoted_json(ELEMENT_ROWS[i].value);
		json_auto_t *content = NULL;
		struct err err = {0};

		ASSERT_ROW(ELEMENT_ROWS[i].name,
			   merge_patch_content(value, MERGE_ADD_ELEMENT, &content, &err) ==
				   (expected != NULL ? 0 : -EINVAL));
		CLEANUP(freep) char *text = quoted_json_text(content);
		ASSERT_TEXT(ELEMENT_ROWS[i].name, text, expected != NULL ? expected : "(nothing)");
	}
}

static CU_TestInfo tests[] = {
	{"a patch by itself", test_check},
	{"depth is bounded", test_depth},
	{"what a patch adds", test_content},
	{"what it adds to a list", test_content_of_element},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/merge_patch", tests)
