/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_json.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

/* What reading gives: compact JSON, or the message. The caller frees it. */
static char *outcome(const char *text, size_t length)
{
	json_auto_t *value = NULL;
	struct err err = {0};

	if (yaml_json_read(text, length, &value, &err) < 0)
		return strdup(err.msg);
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

struct row {
	const char *name, *text, *expected;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(freep) char *found = outcome(rows[i].text, strlen(rows[i].text));
		ASSERT_TEXT(rows[i].name, found, rows[i].expected);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)))

static void test_types(void)
{
	static const struct row ROWS[] = {
		{"nulls", "[~, null, Null, NULL, ]", "[null,null,null,null]"},
		{"no value", "a:\nb:", "{\"a\":null,\"b\":null}"},
		{"booleans", "[true, True, TRUE, false, False, FALSE]",
		 "[true,true,true,false,false,false]"},
		{"integers", "[0, -0, 12, +12, -9223372036854775808, 9223372036854775807]",
		 "[0,0,12,12,-9223372036854775808,9223372036854775807]"},
		{"other bases", "[0x1F, 0xff, 0o17]", "[31,255,15]"},
		{"floats", "[1.5, .5, 1., -3.0, 1e3, 12e-1, +0.5E+1]",
		 "[1.5,0.5,1.0,-3.0,1000.0,1.2,5.0]"},
		{"quoted is a string", "['1', \"true\", 'null', \"0x1\", 'yes', '']",
		 "[\"1\",\"true\",\"null\",\"0x1\",\"yes\",\"\"]"},
		{"nearly numbers", "[1.2.3, 0xg, 0o8, '+', 1e, .e1, 10Mi, 80:80, ++1]",
		 "[\"1.2.3\",\"0xg\",\"0o8\",\"+\",\"1e\",\".e1\",\"10Mi\",\"80:80\",\"++"
		 "1\"]"},
		{"nearly words", "[truE, nUll, yess, none, ON1]",
		 "[\"truE\",\"nUll\",\"yess\",\"none\",\"ON1\"]"},
		{"blocks", "a: |\n  1\n  2\nb: >-\n  true\n  x\n",
		 "{\"a\":\"1\\n2\\n\",\"b\":\"true x\"}"},
		{"nested", "a:\n- b: [1, {c: d}]\n- e\n",
		 "{\"a\":[{\"b\":[1,{\"c\":\"d\"}]},\"e\"]}"},
		{"escapes", "\"\\u00e4\\U0001F600\\n\"", "\"\xc3\xa4\xf0\x9f\x98\x80\\n\""},
		{"a scalar alone", "--- x\n...\n", "\"x\""},
		{"keys keep their order", "{b: 1, a: 2}", "{\"b\":1,\"a\":2}"},
		{"a quoted key", "{\"1\": x, 'yes': y2}", "{\"1\":\"x\",\"yes\":\"y2\"}"},
	};

	CHECK_ROWS(ROWS);
}

static void test_refused(void)
{
	static const char AMBIGUOUS[] =
		"is a boolean for some readers and a string for others: quote it, or write true or "
		"false";
	static const struct row ROWS[] = {
		{"leading zero", "a: 0644",
		 "line 1, column 4: 0644 is octal for some readers and decimal for others: write "
		 "it "
		 "without the leading zero, or as 0o..., or quote it"},
		{"too large", "[9223372036854775808]",
		 "line 1, column 2: the number 9223372036854775808 does not fit into 64 bits"},
		{"too large a hexadecimal", "0x10000000000000000",
		 "line 1, column 1: the number 0x10000000000000000 does not fit into 64 bits"},
		{"too large a float", "1e999",
		 "line 1, column 1: the number 1e999 is out of range"},
		{"infinity", "a: -.INF", "line 1, column 4: -.INF is no number of JSON"},
		{"not a number", "a: .nan", "line 1, column 4: .nan is no number of JSON"},
		{"duplicate key", "a: 1\nb: 2\n'a': 3",
		 "line 3, column 1: the key a is there already"},
		{"number as a key", "1: x", "line 1, column 1: the key 1 is no string: quote it"},
		{"null as a key", "~: x", "line 1, column 1: the key ~ is no string: quote it"},
		{"sequence as a key", "? [a]\n: b", "line 1, column 3: a key must be a string"},
		{"alias as a key", "a: &x k\n*x : b",
		 "line 2, column 2: a key must be a string, not an alias"},
		{"merge key", "a: &x {b: 1}\nc:\n  <<: *x",
		 "line 3, column 3: merge keys (<<) are no part of YAML 1.2"},
		{"tag", "a: !!str 5",
		 "line 1, column 10: tags are not supported: quote the value instead"},
		{"tag of a mapping", "!!map {}", "line 1, column 7: tags are not supported"},
		{"unknown alias", "a: *x",
		 "line 1, column 5: the alias *x stands for nothing that ended before it"},
		{"alias inside itself", "&x [*x]",
		 "line 1, column 6: the alias *x stands for nothing that ended before it"},
		{"two documents", "--- 1\n--- 2\n",
		 "line 2, column 1: a second document: one is expected"},
		{"nothing", "", "no document, one is expected"},
		{"only a comment", "# x\n", "no document, one is expected"},
		{"no end", "a: [1, 2",
		 "line 2, column 1: not valid YAML: flow sequence without a closing bracket"},
		{"a mapping in a line", "a: b: c",
		 "line 1, column 5: not valid YAML: invalid nested block mapping on the same line"},
		{"NUL by escape", "a: \"\\0\"",
		 "line 1, column 5: a NUL character has no place here"},
		{"no UTF-8", "a: 1\nb: \xff", "line 2: a byte that is no UTF-8 text"},
	};
	static const char *const WORDS[] = {"yes", "no", "on", "off", "y", "n", "YES", "Off", "N"};

	CHECK_ROWS(ROWS);
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		char text[16], expected[160];
		snprintf(text, sizeof(text), "a: %s", WORDS[i]);
		snprintf(expected, sizeof(expected), "line 1, column 4: %s %s", WORDS[i],
			 AMBIGUOUS);
		check_rows(&(struct row){WORDS[i], text, expected}, 1);
	}
}

static void test_nul(void)
{
	CLEANUP(freep) char *found = outcome("a: b\0c: d", 9);

	ASSERT_TEXT("a NUL is not the end", found, "line 1: a byte that is no UTF-8 text");
}

static void test_aliases(void)
{
	static const struct row ROWS[] = {
		{"of a mapping", "a: &x {b: [1]}\nc: *x", "{\"a\":{\"b\":[1]},\"c\":{\"b\":[1]}}"},
		{"of a scalar", "[&x v, *x]", "[\"v\",\"v\"]"},
		{"the last anchor counts", "[&x 1, &x 2, *x]", "[1,2,2]"},
	};

	CHECK_ROWS(ROWS);
}

/* What kubectl makes of it: compact JSON, or the message. The caller frees it. */
static char *kubectl_outcome(const char *text)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	json_auto_t *value = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(yaml_tree_read(text, strlen(text), 1, &tree, &err), 0);
	if (yaml_json(tree.root, YAML_KUBECTL, &value, &err) < 0)
		return strdup(err.msg);
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* tests/offline asks kubectl itself. */
static void test_kubectl(void)
{
	static const struct row ROWS[] = {
		{"booleans", "[y, Yes, ON, true, n, No, off, FALSE]",
		 "[true,true,true,true,false,false,false,false]"},
		{"no booleans", "[yES, oN, nO, yy, 'yes']",
		 "[\"yES\",\"oN\",\"nO\",\"yy\",\"yes\"]"},
		{"octal", "[0644, 0o17, 0O17, -0644, 00, 089, 0]", "[420,15,15,-420,0,89.0,0]"},
		{"other bases", "[0x1F, 0X1f, -0x1, 0b11, -0b1, 0x, 0b2]",
		 "[31,31,-1,3,-1,\"0x\",\"0b2\"]"},
		{"underscores", "[1_000, 0x1_0, 1_0.5, _1, '1_0']",
		 "[1000,16,10.5,\"_1\",\"1_0\"]"},
		{"floats", "[1.5, 1., .5, 1e3, -5e-1, .e1, 1e]",
		 "[1.5,1.0,0.5,1000.0,-0.5,\".e1\",\"1e\"]"},
		{"no numbers", "[2001-01-01, 1:30, 1.2.3, +, '12']",
		 "[\"2001-01-01\",\"1:30\",\"1.2.3\",\"+\",\"12\"]"},
		{"extremes", "[9223372036854775807, -9223372036854775808]",
		 "[9223372036854775807,-9223372036854775808]"},
		{"too large", "a: 9223372036854775808",
		 "line 1, column 4: the number 9223372036854775808 does not fit into 64 bits"},
		{"infinite", "a: .inf", "line 1, column 4: .inf is no number of JSON"},
		{"keys", "{1: a, 0x10: b, yes: c, off: d}",
		 "{\"1\":\"a\",\"16\":\"b\",\"true\":\"c\",\"false\":\"d\"}"},
		{"a float as a key", "1.5: a",
		 "line 1, column 1: the key 1.5 is no string: quote it"},
		{"null as a key", "~: a", "line 1, column 1: the key ~ is no string: quote it"},
		{"a key twice", "{1: a, '1': b}", "line 1, column 8: the key 1 is there already"},
		{"merged", "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
		 "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":1,\"c\":3}}"},
		{"merged, and a key twice", "a: &x {b: 1}\nd:\n  <<: *x\n  b: 3\n  b: 4\n",
		 "line 5, column 3: the key b is there already"},
		{"merged at the end", "a: &x {b: 1}\nd:\n  c: 3\n  <<: *x\n",
		 "line 4, column 3: << must be the first key of its mapping"},
		{"several merged", "a: &x {b: 1}\nd:\n  <<: [*x]\n",
		 "line 3, column 3: << must be given one mapping"},
		{"a tag", "a: !!str 5",
		 "line 1, column 10: tags are not supported: quote the value instead"},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(freep) char *found = kubectl_outcome(ROWS[i].text);
		ASSERT_TEXT(ROWS[i].name, found, ROWS[i].expected);
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	json_auto_t *value = NULL;
	int r = yaml_tree_read(input, strlen(input), 1, &tree, err);

	if (r == 0)
		r = yaml_json(tree.root, YAML_KUBECTL, &value, err);
	return r == 0 ? alloc_fail_outcome(value, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	static const char TEXT[] = "a: &x {b: [1, yes, 'c'], e: f}\nd:\n  <<: *x\n  1: 0x1\n";

	alloc_fail_sweep_outcome("kubectl", make, TEXT);
}

/* Changing what an alias stands for must not change its other places. */
static void test_aliases_are_copies(void)
{
	json_auto_t *value = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(yaml_json_read("[&x [1], *x]", 12, &value, &err), 0);
	json_array_append_new(json_array_get(value, 0), json_integer(2));
	CU_ASSERT_EQUAL(json_array_size(json_array_get(value, 1)), 1);
}

static int read_code(const char *text, size_t length)
{
	json_auto_t *value = NULL;
	struct err err = {0};

	return yaml_json_read(text, length, &value, &err);
}

static void append_times(struct strbuf *text, const char *what, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strbuf_puts(text, what);
}

static int nested_code(size_t depth)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	append_times(&text, "[", depth);
	append_times(&text, "]", depth);
	return read_code(text.data, text.length);
}

static void test_depth(void)
{
	CU_ASSERT_EQUAL(nested_code(YAML_DEPTH_MAX), 0);
	CU_ASSERT_EQUAL(nested_code(YAML_DEPTH_MAX + 1), -E2BIG);
	CU_ASSERT_EQUAL(nested_code(200 * 1000), -E2BIG);
}

/* An alias that stands `outer` levels deep for a value of `inner` levels. */
static int alias_depth_code(size_t outer, size_t inner)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "[&x ");
	append_times(&text, "[", inner);
	append_times(&text, "]", inner);
	strbuf_puts(&text, ",");
	append_times(&text, "[", outer - 1);
	strbuf_puts(&text, "*x");
	append_times(&text, "]", outer);
	return read_code(text.data, text.length);
}

static void test_depth_of_aliases(void)
{
	CU_ASSERT_EQUAL(alias_depth_code(40, 24), 0);
	CU_ASSERT_EQUAL(alias_depth_code(40, 25), -E2BIG);
}

static void test_expansion(void)
{
	CLEANUP(strbuf_release) struct strbuf lists = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf strings = STRBUF_INIT;

	strbuf_puts(&lists, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++) {
		strbuf_printf(&lists, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			strbuf_printf(&lists, "*a%d,", i - 1);
		strbuf_puts(&lists, "]\n");
	}
	CU_ASSERT_EQUAL(read_code(lists.data, lists.length), -E2BIG);

	strbuf_puts(&strings, "- &a ");
	append_times(&strings, "xxxxxxxxxx", 50 * 1000);
	append_times(&strings, "\n- *a", 10);
	CU_ASSERT_EQUAL(read_code(strings.data, strings.length), -E2BIG);
}

static void test_size(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "a: b #");
	append_times(&text, "x", YAML_SIZE_MAX - text.length);
	CU_ASSERT_EQUAL(read_code(text.data, text.length), 0);
	strbuf_puts(&text, "x");
	CU_ASSERT_EQUAL(read_code(text.data, text.length), -E2BIG);
}

static CU_TestInfo tests[] = {
	{"types", test_types},
	{"refused", test_refused},
	{"a NUL in the text", test_nul},
	{"aliases", test_aliases},
	{"aliases are copies", test_aliases_are_copies},
	{"as kubectl reads", test_kubectl},
	{"memory may end anywhere", test_out_of_memory},
	{"depth", test_depth},
	{"depth of aliases", test_depth_of_aliases},
	{"expansion of aliases", test_expansion},
	{"size", test_size},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/yaml_json", tests)
