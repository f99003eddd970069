/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_tree.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

/* Writes what stands in the text where the node says that it is, line feeds as ~. */
static void describe_span(const struct yaml_tree *tree, size_t begin, size_t end,
			  struct strbuf *out)
{
	for (size_t i = begin; i < end && i < tree->length; i++)
		strbuf_append(out, tree->text[i] == '\n' ? "~" : &tree->text[i], 1);
}

/* Lines and columns, the texts of scalars in <>, and where sequences and mappings end. */
static void describe(const struct yaml_tree *tree, const struct yaml_node *node, struct strbuf *out)
{
	static const char *const BRACKETS[] = {[YAML_SEQUENCE] = "[]",
					       [YAML_MAPPING] = "{}",
					       [YAML_SCALAR] = "",
					       [YAML_ALIAS] = ""};
	const char *brackets = BRACKETS[node->kind];

	strbuf_printf(out, "%u:%u", node->line, node->column);
	if (*brackets == '\0') {
		strbuf_puts(out, "<");
		describe_span(tree, node->begin, node->end, out);
		strbuf_puts(out, ">");
		return;
	}
	strbuf_printf(out, "%c", brackets[0]);
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];

		strbuf_puts(out, i > 0 ? " " : "");
		if (entry->key != NULL) {
			describe(tree, entry->key, out);
			strbuf_puts(out, "=");
		} else if (node->style == YAML_BLOCK && entry->lead != YAML_NOWHERE) {
			describe_span(tree, entry->lead, entry->lead + 1, out);
		}
		describe(tree, entry->value, out);
	}
	strbuf_printf(out, "%c@%zu", brackets[1], node->end);
}

/* The tree described, or the message. The caller frees it. */
static char *outcome(const char *text)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;
	struct err err = {0};
	char *described = NULL;

	if (yaml_tree_read(text, strlen(text), 1, &tree, &err) < 0)
		return strdup(err.msg);
	if (tree.root != NULL)
		describe(&tree, tree.root, &buf);
	CU_ASSERT_EQUAL_FATAL(strbuf_finish(&buf, &described, &err), 0);
	return described;
}

static const struct {
	const char *name, *text, *expected;
} ROWS[] = {
	{"nothing", "# x\n", ""},
	{"scalars", "a: 1 # c\n'b': \"2\"\n", "1:1{1:1<a>=1:4<1> 2:1<'b'>=2:6<\"2\">}@17"},
	{"no values", "a:\nb: # c\n", "1:1{1:1<a>=1:1<> 2:1<b>=2:1<>}@5"},
	{"a plain text of lines", "a: b\n  c\n\nd: e", "1:1{1:1<a>=1:4<b~  c> 4:1<d>=4:4<e>}@14"},
	{"characters are columns", "\xc3\xa4: [\xc3\xa4, x]",
	 "1:1{1:1<\xc3\xa4>=1:4[1:5<\xc3\xa4> 1:8<x>]@11}@11"},
	{"a sequence, not indented", "a:\n- b\n- c: d\n  e: f\n",
	 "1:1{1:1<a>=2:1[-2:3<b> -3:3{3:3<c>=3:6<d> 4:3<e>=4:6<f>}@20]@20}@20"},
	{"a sequence with comments", "a:\n  # 1\n  - b # 2\n  # - 3\n\n  -\n  - c\n",
	 "1:1{1:1<a>=3:3[-3:5<b> -3:3<> -7:5<c>]@37}@37"},
	{"a sequence in a sequence", "- - a\n  - b\n-  - c\n",
	 "1:1[-1:3[-1:5<a> -2:5<b>]@11 -3:4[-3:6<c>]@18]@18"},
	{"brackets", "{a: [], b: {}, c: [x, 'y', ]}",
	 "1:1{1:2<a>=1:5[]@6 1:9<b>=1:12{}@13 1:16<c>=1:19[1:20<x> 1:23<'y'>]@28}@29"},
	{"a key without a colon", "{a, b: }", "1:1{1:2<a>=1:2<> 1:5<b>=1:5<>}@8"},
	{"lines, clipped", "a: |\n  x\n\n\nb: |- # c\n   y\n",
	 "1:1{1:1<a>=2:1<|~  x~> 5:1<b>=6:1<|- # c~   y~>}@26"},
	{"lines, kept", "a: >+\n  x\n\nb: 1\n", "1:1{1:1<a>=2:1<>+~  x~~> 4:1<b>=4:4<1>}@15"},
	{"lines before a comment", "a:\n  b: |\n    x\n # y\nc: d\n",
	 "1:1{1:1<a>=2:3{2:3<b>=3:1<|~    x~>}@16 5:1<c>=5:4<d>}@25"},
	{"no lines", "a: |\nb: |-\n", "1:1{1:1<a>=2:1<|~> 2:1<b>=3:1<|-~>}@11"},
	{"an anchor and its alias", "a: &x [1]\nb: *x\nc: &y |\n  z\n",
	 "1:1{1:1<a>=1:7[1:8<1>]@9 2:1<b>=2:5<*x> 3:1<c>=4:1<|~  z~>}@28"},
	{"a marker and a directive", "%YAML 1.2\n--- # c\na: b\n...\n", "3:1{3:1<a>=3:4<b>}@22"},
	{"carriage returns", "a: |\r\n  x\r\n\r\nb: c\r\n",
	 "1:1{1:1<a>=2:1<|\r~  x\r~> 4:1<b>=4:4<c>}@17"},
	{"no YAML", "a: [\n",
	 "line 2, column 1: not valid YAML: flow sequence without a closing bracket"},
	{"two documents", "a\n--- b\n", "line 2, column 1: a second document: one is expected"},
	{"an alias of nothing", "a: *x",
	 "line 1, column 5: the alias *x stands for nothing that ended before it"},
	{"a sequence as a key", "? [a]\n: b", "line 1, column 3: a key must be a string"},
	{"a NUL", "a: \"\\0\"", "line 1, column 5: a NUL character has no place here"},
};

static void test_places(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(freep) char *found = outcome(ROWS[i].text);
		ASSERT_TEXT(ROWS[i].name, found, ROWS[i].expected);
	}
}

static void test_first_line(void)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(yaml_tree_read("\na: b", 5, 11, &tree, &err), 0);
	CU_ASSERT_EQUAL(tree.root->line, 12);
	CU_ASSERT_EQUAL(yaml_tree_read("\na: [", 5, 11, &tree, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "line 13, column 1: "));
	CU_ASSERT_EQUAL(yaml_tree_read("a\n\xff", 3, 11, &tree, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "line 12: a byte that is no UTF-8 text");
}

static void test_look_up(void)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	struct err err = {0};
	const char *text = "a: &x {b: c}\nd: *x\ne: *x\nf: [1]";

	CU_ASSERT_EQUAL_FATAL(yaml_tree_read(text, strlen(text), 1, &tree, &err), 0);
	const struct yaml_node *alias = yaml_member(tree.root, "d");
	CU_ASSERT_EQUAL(alias->kind, YAML_ALIAS);
	CU_ASSERT_PTR_EQUAL(yaml_resolve(alias), yaml_member(tree.root, "a"));
	CU_ASSERT_STRING_EQUAL(yaml_text(yaml_member(alias, "b")), "c");
	CU_ASSERT_PTR_NULL(yaml_member(alias, "c"));
	CU_ASSERT_PTR_NULL(yaml_member(NULL, "c"));
	CU_ASSERT_PTR_NULL(yaml_text(yaml_member(tree.root, "f")));
	CU_ASSERT_PTR_NULL(yaml_member(yaml_member(tree.root, "f"), "1"));
}

static void test_follow(void)
{
	static const struct {
		const char *path, *text;
	} PATHS[] = {
		{"a.b[1].c", "d"},    {"a.b[0]", "x"}, {"a.b[2]", NULL}, {"a.b[9].c", NULL},
		{"a.b.c", NULL},      {"a.x", NULL},   {"e:f", "g"},     {"a:b", NULL},
		{"a.b[1].c.d", NULL}, {"a.b[1", NULL}, {"a..b[0]", "x"}, {"[0]", NULL},
		{"", NULL},
	};
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	struct err err = {0};
	const char *text = "a: {b: [x, {c: d}]}\n'e:f': g\n";

	CU_ASSERT_EQUAL_FATAL(yaml_tree_read(text, strlen(text), 1, &tree, &err), 0);
	for (size_t i = 0; i < sizeof(PATHS) / sizeof(*PATHS); i++) {
		const char *path = PATHS[i].path;
		const char *found = yaml_text(yaml_follow(tree.root, path, strlen(path)));

		ASSERT_TEXT(path, found != NULL ? found : "(nothing)",
			    PATHS[i].text != NULL ? PATHS[i].text : "(nothing)");
	}
	CU_ASSERT_STRING_EQUAL(yaml_text(yaml_follow(tree.root, "a.b[0].none", 6)), "x");
	CU_ASSERT_PTR_NULL(yaml_follow(NULL, "a", 1));
}

static void test_anchors(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	struct err err = {0};

	for (int i = 0; i <= YAML_ANCHORS_MAX; i++)
		strbuf_printf(&text, "- &a%d x\n", i);
	CU_ASSERT_EQUAL(yaml_tree_read(text.data, text.length, 1, &tree, &err), -E2BIG);
	CU_ASSERT_STRING_EQUAL(err.msg, "line 257, column 9: more than 256 anchors");
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};

	return yaml_tree_read(input, strlen(input), 1, &tree, err);
}

static void test_out_of_memory(void)
{
	static const char TEXT[] = "a: &x [1, 2, 3, 4, 5]\nb: *x\nc: {d: &y e}\n";

	alloc_fail_sweep("tree", attempt, TEXT);
}

static CU_TestInfo tests[] = {
	{"everything has its place", test_places},
	{"lines are counted from the first", test_first_line},
	{"look-ups see through aliases", test_look_up},
	{"paths are followed", test_follow},
	{"anchors", test_anchors},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/yaml_tree", tests)
