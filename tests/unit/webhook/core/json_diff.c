/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/json_diff.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

struct row {
	const char *name;
	const char *before;
	const char *after;
	const char *patch;
};

#define ENV(elements) "{'spec':{'containers':[{'name':'c','env':[" elements "]}]}}"
#define ENV_PATH "/spec/containers/0/env"
#define A "{'name':'a'}"
#define B "{'name':'b'}"
#define C "{'name':'c'}"

static const struct row ROWS[] = {
	{"equal", "{'a':{'b':[1,2]}}", "{'a':{'b':[1,2]}}", "[]"},
	{"members in another order", "{'a':1,'b':2}", "{'b':2,'a':1}", "[]"},
	{"changed, removed, added", "{'a':1,'b':2}", "{'c':3,'a':4}",
	 "[{'op':'replace','path':'/a','value':4},{'op':'remove','path':'/b'},"
	 "{'op':'add','path':'/c','value':3}]"},
	{"nested", "{'a':{'b':{'c':1}}}", "{'a':{'b':{'c':2,'d':null}}}",
	 "[{'op':'replace','path':'/a/b/c','value':2},{'op':'add','path':'/a/b/d','value':null}]"},
	{"absent parent", "{'metadata':{}}", "{'metadata':{'annotations':{'a':'1'}}}",
	 "[{'op':'add','path':'/metadata/annotations','value':{'a':'1'}}]"},
	{"escaped keys", "{'a/b':{'~':1}}", "{'a/b':{'~':2,'~1/':3,'':4}}",
	 "[{'op':'replace','path':'/a~1b/~0','value':2},"
	 "{'op':'add','path':'/a~1b/~01~1','value':3},"
	 "{'op':'add','path':'/a~1b/','value':4}]"},
	{"null is a value", "{'a':null}", "{'a':{}}", "[{'op':'replace','path':'/a','value':{}}]"},
	{"type changed", "{'a':{'b':1}}", "{'a':[1]}",
	 "[{'op':'replace','path':'/a','value':[1]}]"},
	{"integer and real", "{'a':1,'b':2.0}", "{'a':1.0,'b':2.0}",
	 "[{'op':'replace','path':'/a','value':1.0}]"},
	{"int64 extremes", "{'a':9223372036854775806,'b':-9223372036854775808}",
	 "{'a':9223372036854775807,'b':-9223372036854775808}",
	 "[{'op':'replace','path':'/a','value':9223372036854775807}]"},
	{"true is not 1", "{'a':true}", "{'a':1}", "[{'op':'replace','path':'/a','value':1}]"},
	{"atomic list", "{'a':[1,2,3]}", "{'a':[1,3]}",
	 "[{'op':'replace','path':'/a','value':[1,3]}]"},
	{"element added at the end", ENV(A), ENV(A "," B),
	 "[{'op':'add','path':'" ENV_PATH "/1','value':" B "}]"},
	{"element added to an empty list", ENV(""), ENV(A),
	 "[{'op':'add','path':'" ENV_PATH "/0','value':" A "}]"},
	{"elements added around", ENV(B), ENV(A "," B "," C),
	 "[{'op':'add','path':'" ENV_PATH "/0','value':" A "},"
	 "{'op':'add','path':'" ENV_PATH "/2','value':" C "}]"},
	{"elements removed", ENV(A "," B "," C), ENV(B),
	 "[{'op':'remove','path':'" ENV_PATH "/2'},{'op':'remove','path':'" ENV_PATH "/0'}]"},
	{"changed after a removal and an addition", ENV(A "," B),
	 ENV(C ",{'name':'b','value':'1'}"),
	 "[{'op':'remove','path':'" ENV_PATH "/0'},"
	 "{'op':'add','path':'" ENV_PATH "/0','value':" C "},"
	 "{'op':'add','path':'" ENV_PATH "/1/value','value':'1'}]"},
	{"order changed", ENV(A "," B), ENV(B "," A),
	 "[{'op':'replace','path':'" ENV_PATH "','value':[" B "," A "]}]"},
	{"repeated keys, one changed", ENV(A "," A), ENV(A ",{'name':'a','value':'1'}"),
	 "[{'op':'add','path':'" ENV_PATH "/1/value','value':'1'}]"},
	{"repeated keys, one more and one less", ENV(A "," B "," B), ENV(A "," A "," B),
	 "[{'op':'remove','path':'" ENV_PATH "/2'},"
	 "{'op':'add','path':'" ENV_PATH "/1','value':" A "}]"},
	{"elements without a key", ENV("{'x':1}," A), ENV(A ",{'x':2}"),
	 "[{'op':'remove','path':'" ENV_PATH "/0'},"
	 "{'op':'add','path':'" ENV_PATH "/1','value':{'x':2}}]"},
	{"set", "{'metadata':{'finalizers':['a','b']}}", "{'metadata':{'finalizers':['b','c']}}",
	 "[{'op':'remove','path':'/metadata/finalizers/0'},"
	 "{'op':'add','path':'/metadata/finalizers/1','value':'c'}]"},
	{"the whole", "{}", "[]", "[{'op':'replace','path':'','value':[]}]"},
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct row *row = &ROWS[i];
		json_auto_t *before = quoted_json(row->before);
		json_auto_t *after = quoted_json(row->after);
		json_auto_t *patch = NULL;
		struct err err = {0};

		ASSERT_ROW(row->name, json_diff(before, after, &patch, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(patch);
		ASSERT_TEXT(row->name, text, row->patch);
	}
}

/* `depth` objects within each other, the innermost with the value. */
static json_t *nested(unsigned int depth, json_int_t value)
{
	json_t *object = json_pack("{sI}", "a", value);

	while (--depth > 0)
		object = json_pack("{so}", "a", object); /* takes the reference */
	return object;
}

/* Where it stops comparing, the patch still turns the one into the other. */
static void test_depth(void)
{
	json_auto_t *before = nested(JSON_DIFF_DEPTH_MAX + 50, 1);
	json_auto_t *after = nested(JSON_DIFF_DEPTH_MAX + 50, 2);
	json_auto_t *equal = nested(JSON_DIFF_DEPTH_MAX + 50, 1);
	json_auto_t *inner = nested(50, 2);
	json_auto_t *patch = NULL;
	json_auto_t *empty = NULL;
	struct err err = {0};

	CU_ASSERT(json_diff(before, after, &patch, &err) == 0);
	CU_ASSERT(json_array_size(patch) == 1);
	json_t *operation = json_array_get(patch, 0);
	CU_ASSERT(json_string_length(json_object_get(operation, "path")) ==
		  strlen("/a") * JSON_DIFF_DEPTH_MAX);
	CU_ASSERT(json_equal(json_object_get(operation, "value"), inner));
	CU_ASSERT(json_diff(before, equal, &empty, &err) == 0);
	CU_ASSERT(json_array_size(empty) == 0);
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	json_t *const *values = input;
	json_auto_t *patch = NULL;
	int r = json_diff(values[0], values[1], &patch, err);

	return r == 0 ? alloc_fail_outcome(patch, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *before = quoted_json(ROWS[i].before);
		json_auto_t *after = quoted_json(ROWS[i].after);
		json_t *const values[] = {before, after};

		alloc_fail_sweep_outcome(ROWS[i].name, make, values);
	}
}

static CU_TestInfo tests[] = {
	{"the smallest patch", test_rows},
	{"depth is bounded", test_depth},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/json_diff", tests)
