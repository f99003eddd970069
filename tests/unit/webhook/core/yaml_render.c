/* SPDX-License-Identifier: GPL-2.0-or-later */
/* yaml_patch and yaml_render together: a text, a patch, and the text that comes of it. */
#include "webhook/core/yaml_render.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/core/yaml_patch.h"

struct row {
	const char *name, *text, *patch, *expected;
};

static int patch_text(const char *text, const json_t *patch, char **ret_text, struct err *err)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	int r = yaml_tree_read(text, strlen(text), 1, &tree, err);

	if (r == 0)
		r = yaml_patch_apply(&tree, "", patch, err);
	if (r == 0)
		r = yaml_render(&tree, &out, err);
	return r < 0 ? r : strbuf_finish(&out, ret_text, err);
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_auto_t *patch = quoted_json(rows[i].patch);
		CLEANUP(freep) char *found = NULL;
		struct err err = {0};

		if (patch_text(rows[i].text, patch, &found, &err) < 0) {
			ASSERT_ROW(rows[i].name, err.code == -ENOTSUP);
			ASSERT_TEXT(rows[i].name, err.msg, rows[i].expected);
		} else {
			ASSERT_TEXT(rows[i].name, found, rows[i].expected);
		}
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)))

#define ADD(path, value) "{'op':'add','path':'" path "','value':" value "}"
#define REPLACE(path, value) "{'op':'replace','path':'" path "','value':" value "}"
#define REMOVE(path) "{'op':'remove','path':'" path "'}"

static void test_adding(void)
{
	static const struct row ROWS[] = {
		{"nothing", "a: b # c\n", "[]", "a: b # c\n"},
		{"a member", "a: b # c\n# d\n", "[" ADD("/x", "1") "]", "a: b # c\nx: 1\n# d\n"},
		{"two members", "a: b\n", "[" ADD("/x", "1") "," ADD("/w", "{'z':2}") "]",
		 "a: b\nx: 1\nw:\n  z: 2\n"},
		{"no line feed at the end", "a: b", "[" ADD("/x", "1") "]", "a: b\nx: 1\n"},
		{"a nested member", "a:\n   b: c\n\n# x\nd: e\n", "[" ADD("/a/x", "{'w':1}") "]",
		 "a:\n   b: c\n   x:\n      w: 1\n\n# x\nd: e\n"},
		{"behind lines", "a:\n  b: |\n    x\n\n\nd: e\n", "[" ADD("/a/x", "1") "]",
		 "a:\n  b: |\n    x\n  x: 1\n\n\nd: e\n"},
		{"behind lines that are kept", "a:\n  b: |+\n    x\n\nd: e\n",
		 "[" ADD("/a/x", "1") "]", "a:\n  b: |+\n    x\n\n  x: 1\nd: e\n"},
		{"to a mapping behind a dash", "- a: b # c\n- d: e\n", "[" ADD("/0/x", "1") "]",
		 "- a: b # c\n  x: 1\n- d: e\n"},
		{"an escaped key", "a: b\n", "[" ADD("/x~1y~0z", "1") "]", "a: b\nx/y~z: 1\n"},
		{"where nothing was", "a: # c\nb: d\n", "[" REPLACE("/a", "{'x':1}") "]",
		 "a: # c\n  x: 1\nb: d\n"},
		{"to what was empty", "a: {} # c\nb: [ ]\n",
		 "[" ADD("/a/x", "1") "," ADD("/b/0", "{'w':2}") "]",
		 "a: # c\n  x: 1\nb:\n- w: 2\n"},
		{"the first element", "a:\n  # c\n  - b\n", "[" ADD("/a/0", "{'x':[1]}") "]",
		 "a:\n  - x:\n      - 1\n  # c\n  - b\n"},
		{"elements before, between and behind", "- a # 1\n# 2\n- b # 3\n",
		 "[" ADD("/0", "'x'") "," ADD("/2", "'w'") "," ADD("/4", "'z'") "]",
		 "- x\n- a # 1\n- w\n# 2\n- b # 3\n- z\n"},
		{"a sequence as the one that is there", "a:\n    - b\n", "[" ADD("/x", "[1]") "]",
		 "a:\n    - b\nx:\n    - 1\n"},
		{"carriage returns", "a: b\r\nc:\r\n  d: e\r\n", "[" ADD("/c/x", "1") "]",
		 "a: b\r\nc:\r\n  d: e\r\n  x: 1\n"},
		{"before a sequence in a sequence", "- - a\n", "[" ADD("/0/0", "'x'") "]",
		 "line 1, column 3: what is to be changed cannot be changed in this writing"},
		{"behind one", "- - a\n- b\n", "[" ADD("/0/1", "'x'") "]", "- - a\n  - x\n- b\n"},
	};

	CHECK_ROWS(ROWS);
}

static void test_replacing(void)
{
	static const struct row ROWS[] = {
		{"a plain text", "a: b # c\n", "[" REPLACE("/a", "'x: y'") "]",
		 "a: \"x: y\" # c\n"},
		{"a quoted text", "a: 'b'\n", "[" REPLACE("/a", "1") "]", "a: 1\n"},
		{"lines", "a: |\n  b\n\nc: d\n", "[" REPLACE("/a", "'x'") "]", "a: x\n\nc: d\n"},
		{"by lines", "a: b # c\n", "[" REPLACE("/a", "'x\\ny'") "]", "a: \"x\\ny\" # c\n"},
		{"a mapping", "a:\n  b: c # d\n  e: f # g\n# h\n", "[" REPLACE("/a", "'x'") "]",
		 "a: x\n# h\n"},
		{"a mapping by a mapping", "a:\n  b: c\nd: e\n",
		 "[" REPLACE("/a", "{'x':{'w':1}}") "]", "a:\n  x:\n    w: 1\nd: e\n"},
		{"a mapping by null", "a: # x\n  b: c\nd: e\n", "[" REPLACE("/a", "null") "]",
		 "a: # x\nd: e\n"},
		{"a mapping by one, below a comment", "a: # x\n  b: c\n",
		 "[" REPLACE("/a", "{'w':1}") "]", "a: # x\n  w: 1\n"},
		{"brackets by a mapping", "a: {b: c} # d\n", "[" REPLACE("/a", "{'x':1}") "]",
		 "a: # d\n  x: 1\n"},
		{"an element", "- a # b\n- c: d\n  e: f\n- g\n",
		 "[" REPLACE("/0", "'x'") "," REPLACE("/1", "'w'") "," REPLACE("/2",
									       "{'p':1,'q':2}") "]",
		 "- x # b\n- w\n- p: 1\n  q: 2\n"},
		{"what an alias means", "a: &x {b: c}\nd: *x # e\n", "[" ADD("/d/w", "1") "]",
		 "a: &x {b: c}\nd: # e\n  b: c\n  w: 1\n"},
		{"twice what an alias means", "a: &x {b: [c]}\nd: *x\n",
		 "[" ADD("/d/w", "1") "," ADD("/d/b/0", "'z'") "," REMOVE("/d/w") "," REPLACE(
			 "/d/b/1", "2") "]",
		 "a: &x {b: [c]}\nd:\n  b:\n  - z\n  - 2\n"},
		{"an anchor goes", "a: &x b\n", "[" REPLACE("/a", "1") "]", "a: 1\n"},
	};

	CHECK_ROWS(ROWS);
}

static void test_removing(void)
{
	static const struct row ROWS[] = {
		{"a member", "a: b\nc: # d\n  e: f # g\n# h\ni: j\n", "[" REMOVE("/c") "]",
		 "a: b\n# h\ni: j\n"},
		{"the last one", "a: b\nc: |\n  d\n\n# e\n", "[" REMOVE("/c") "]", "a: b\n\n# e\n"},
		{"all of a mapping", "a:\n  b: c\nd: e\n", "[" REMOVE("/a/b") "]", "a: {}\nd: e\n"},
		{"all of a sequence", "a:\n- b\n- c\nd: e\n",
		 "[" REMOVE("/a/0") "," REMOVE("/a/0") "]", "a: []\nd: e\n"},
		{"all, and another added", "a:\n  b: c\nd: e\n",
		 "[" REMOVE("/a/b") "," ADD("/a/x", "1") "]", "a:\n  x: 1\nd: e\n"},
		{"all, below a comment", "a: # x\n  b: c # y\n", "[" REMOVE("/a/b") "]",
		 "a: {} # x\n"},
		{"an element", "- a\n- b: 1\n  c: 2\n- d\n", "[" REMOVE("/1") "]", "- a\n- d\n"},
		{"what is behind a dash", "- a: 1\n  b: 2 # x\n  c: 3\n", "[" REMOVE("/0/a") "]",
		 "- b: 2 # x\n  c: 3\n"},
		{"two behind a dash", "- a: 1\n  b: 2\n  c: 3\n",
		 "[" REMOVE("/0/a") "," REMOVE("/0/b") "]", "- c: 3\n"},
		{"all behind a dash", "- a: 1\n  b: 2\n- c\n",
		 "[" REMOVE("/0/a") "," REMOVE("/0/b") "]", "- {}\n- c\n"},
		{"what was added", "a: b\n", "[" ADD("/x", "1") "," REMOVE("/x") "]", "a: b\n"},
		{"without a line feed", "a: b\nc: d", "[" REMOVE("/c") "]", "a: b\n"},
	};

	CHECK_ROWS(ROWS);
}

static void test_brackets(void)
{
	static const char PRETTY[] = "{\n  \"a\": {\n    \"b\": [1, 2],\n    \"c\": {}\n  }\n}\n";
	static const struct row ROWS[] = {
		{"in one line", "a: {b: c}\n", "[" ADD("/a/x", "{'w':[1]}") "]",
		 "a: {b: c, \"x\": {\"w\": [1]}}\n"},
		{"elements", "[a, b]\n",
		 "[" ADD("/0", "'x'") "," ADD("/2", "'w'") "," ADD("/4", "'z'") "]",
		 "[\"x\", a, \"w\", b, \"z\"]\n"},
		{"a comma too many", "[a, b, ]\n", "[" ADD("/2", "'x'") "]", "[a, b, \"x\", ]\n"},
		{"replaced", "{a: b, c: {d: e}, f: }\n",
		 "[" REPLACE("/a", "1") "," REPLACE("/c", "[]") "," REPLACE("/f", "2") "]",
		 "{a: 1, c: [], f: 2 }\n"},
		{"removed", "{a: 1, b: 2, c: 3}\n", "[" REMOVE("/b") "]", "{a: 1, c: 3}\n"},
		{"removed at the ends", "{ a: 1, b: 2, c: 3 }\n",
		 "[" REMOVE("/a") "," REMOVE("/c") "]", "{ b: 2 }\n"},
		{"all removed", "{ a: 1, b: 2 }\n", "[" REMOVE("/a") "," REMOVE("/b") "]", "{}\n"},
		{"all removed, and one added", "[{ a: 1, b: 2 }]\n",
		 "[" REMOVE("/0/a") "," REMOVE("/0/b") "," ADD("/0/x", "1") "]", "[{\"x\": 1}]\n"},
		{"JSON", PRETTY, "[" ADD("/a/x", "{'w':[1]}") "," ADD("/z", "0") "]",
		 "{\n  \"a\": {\n    \"b\": [1, 2],\n    \"c\": {},\n    \"x\": {\n      \"w\": "
		 "[\n        "
		 "1\n      ]\n    }\n  },\n  \"z\": 0\n}\n"},
		{"JSON, empty and in a line", PRETTY,
		 "[" ADD("/a/c/x", "[1]") "," ADD("/a/b/1", "{'w':[1]}") "]",
		 "{\n  \"a\": {\n    \"b\": [1, {\"w\": [1]}, 2],\n    \"c\": {\n      \"x\": [\n  "
		 "      1\n"
		 "      ]\n    }\n  }\n}\n"},
		{"JSON, first and last removed", "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n",
		 "[" REMOVE("/a") "," REMOVE("/c") "]", "{\n  \"b\": 2\n}\n"},
		{"no colon", "{a, b}", "[" REPLACE("/a", "1") "]",
		 "line 1, column 2: what is to be changed cannot be changed in this writing"},
	};

	CHECK_ROWS(ROWS);
}

static void test_no_such_place(void)
{
	static const char NO_PLACE[] = "the patch has a place that the text has not";
	static const struct row ROWS[] = {
		{"no member", "a: b\n", "[" ADD("/c/d", "1") "]", NO_PLACE},
		{"no mapping", "a: b\n", "[" ADD("/a/d", "1") "]", NO_PLACE},
		{"no element", "a: [b]\n", "[" REMOVE("/a/1") "]", NO_PLACE},
		{"no index", "a: [b]\n", "[" REMOVE("/a/x") "]", NO_PLACE},
		{"below what was added", "a: b\n", "[" ADD("/c", "{}") "," ADD("/c/d", "1") "]",
		 NO_PLACE},
		{"another operation", "a: b\n", "[{'op':'test','path':'/a','value':'b'}]",
		 NO_PLACE},
		{"the whole", "a: b\n", "[" REPLACE("", "1") "]", NO_PLACE},
		{"below an alias", "a: &x [1]\nb: *x\n", "[" ADD("/b/7/d", "1") "]", NO_PLACE},
	};

	CHECK_ROWS(ROWS);
}

static void check_anew(const char *text, const char *value, const char *expected)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	json_auto_t *meant = quoted_json(value);
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(yaml_tree_read(text, strlen(text), 1, &tree, &err), 0);
	CU_ASSERT_EQUAL(yaml_render_anew(&tree, meant, &out, &err), 0);
	ASSERT_TEXT(text, out.data, expected);
}

static void test_anew(void)
{
	check_anew("# c\n---\na:\n    b: c # d\ne: f\n# g\n", "{'a':{'b':1},'x':[2]}",
		   "# c\n---\na:\n    b: 1\nx:\n- 2\n# g\n");
	check_anew("--- {\"a\": 1} # c\n...\n", "{'a':[1]}",
		   "--- \n{\n  \"a\": [\n    1\n  ]\n}\n...\n");
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	return patch_text("a: &x [1, 2]\nb: *x\nc: {}\nd:\n  e: f\n", input, ret_outcome, err);
}

static void test_out_of_memory(void)
{
	json_auto_t *patch = quoted_json("[" ADD("/b/0", "0") "," ADD("/c/x", "1") "," ADD(
		"/d/w", "{'z':[1]}") "," REMOVE("/d/e") "]");

	alloc_fail_sweep_outcome("render", make, patch);
}

static CU_TestInfo tests[] = {
	{"adding", test_adding},
	{"replacing", test_replacing},
	{"removing", test_removing},
	{"in brackets", test_brackets},
	{"no such place", test_no_such_place},
	{"written anew", test_anew},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/yaml_render", tests)
