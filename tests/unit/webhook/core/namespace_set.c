/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/namespace_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define NAMED(name) "{'metadata':{'name':'" name "'}}"
#define ANNOTATED(name, annotations) \
	"{'metadata':{'name':'" name "','annotations':{" annotations "}}}"
#define GATE_NONE "'sidewire.io/gate':'none'"

/* A set with the namespaces of a list. The caller releases it. */
static struct namespace_set set_of(const char *list)
{
	json_auto_t *items = quoted_json(list);
	struct namespace_set set = {0};

	namespace_set_list(&set, items);
	return set;
}

static void put(struct namespace_set *set, const char *object)
{
	json_auto_t *found = quoted_json(object);

	namespace_set_put(set, found);
}

static void take_away(struct namespace_set *set, const char *object)
{
	json_auto_t *found = quoted_json(object);

	namespace_set_remove(set, found);
}

/* All that is known, "a=TEXT b=TEXT". The caller frees it. */
static char *known(const struct namespace_set *set)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char *whole = NULL;
	struct err err;

	for (size_t i = 0; i < set->texts.count; i++)
		strbuf_printf(&text, "%s%s=%s", i > 0 ? " " : "", set->texts.entries[i],
			      namespace_set_find(set, set->texts.entries[i], 0));
	CU_ASSERT_EQUAL_FATAL(strbuf_finish(&text, &whole, &err), 0);
	return whole;
}

#define ASSERT_KNOWN(row, set, expected)                      \
	do {                                                  \
		CLEANUP(freep) char *known_ = known(set);     \
		for (char *q = known_; (q = strchr(q, '"'));) \
			*q = '\'';                            \
		ASSERT_TEXT(row, known_, expected);           \
	} while (0)

static void test_list(void)
{
	CLEANUP(namespace_set_release)
	struct namespace_set set = set_of("[" NAMED("b") "," ANNOTATED(
		"a", GATE_NONE) "," ANNOTATED("c", "'x':'y'") "," NAMED("a-b") "]");

	ASSERT_KNOWN("listed", &set, "a={" GATE_NONE "} a-b= b= c=");
	CU_ASSERT_PTR_NULL(namespace_set_find(&set, "", 0));
	CU_ASSERT_PTR_NULL(namespace_set_find(&set, "aa", 0));
	CU_ASSERT_PTR_NULL(namespace_set_find(&set, "d", 0));
	json_auto_t *items = quoted_json("[" NAMED("b") "," NAMED("d") "]");
	namespace_set_list(&set, items);
	ASSERT_KNOWN("replaced", &set, "b= d=");
}

static void test_changes(void)
{
	CLEANUP(namespace_set_release) struct namespace_set set = set_of("[" NAMED("b") "]");

	put(&set, ANNOTATED("a", GATE_NONE));
	put(&set, NAMED("c"));
	ASSERT_KNOWN("added", &set, "a={" GATE_NONE "} b= c=");
	put(&set, NAMED("a"));
	put(&set, ANNOTATED("b", "'param.sidewire.io/cpu':'1'"));
	ASSERT_KNOWN("modified", &set, "a= b={'param.sidewire.io/cpu':'1'} c=");
	take_away(&set, NAMED("b"));
	take_away(&set, NAMED("never-there"));
	ASSERT_KNOWN("deleted", &set, "a= c=");
	put(&set, ANNOTATED("b", GATE_NONE));
	ASSERT_KNOWN("made anew", &set, "a= b={" GATE_NONE "} c=");
	take_away(&set, NAMED("a"));
	take_away(&set, NAMED("b"));
	take_away(&set, NAMED("c"));
	CU_ASSERT_EQUAL(set.texts.count, 0);
}

/* What can not be kept is not known, whatever was known before. */
static void test_what_is_not_kept(void)
{
	static const char *const OBJECTS[] = {
		"{'metadata':{'name':'a','annotations':[]}}",
		ANNOTATED("a", "'sidewire.io/gate':7"),
		"{'metadata':{'name':'a','labels':{'sidewire.io/inject':1}}}",
	};

	for (size_t i = 0; i < sizeof(OBJECTS) / sizeof(*OBJECTS); i++) {
		CLEANUP(namespace_set_release)
		struct namespace_set set = set_of("[" NAMED("a") "," NAMED("b") "]");

		put(&set, OBJECTS[i]);
		ASSERT_KNOWN(OBJECTS[i], &set, "b=");
	}
	CLEANUP(namespace_set_release) struct namespace_set set = set_of("[7," NAMED("b") ",{}]");
	put(&set, "{'metadata':{'name':7}}");
	take_away(&set, "{'metadata':{'name':7}}");
	take_away(&set, "{}");
	ASSERT_KNOWN("no names", &set, "b=");
}

static void test_when_nothing_is_known(void)
{
	CLEANUP(namespace_set_release) struct namespace_set unlisted = {0};
	CLEANUP(namespace_set_release) struct namespace_set set = set_of("[" NAMED("a") "]");

	put(&unlisted, NAMED("a"));
	CU_ASSERT_PTR_NULL(namespace_set_find(&unlisted, "a", 0));
	CU_ASSERT_PTR_NOT_NULL(namespace_set_find(&set, "a", 0));
	CU_ASSERT_PTR_NOT_NULL(namespace_set_find(&set, "a", NAMESPACE_AGE_MAX_MS));
	CU_ASSERT_PTR_NULL(namespace_set_find(&set, "a", NAMESPACE_AGE_MAX_MS + 1));
}

static void test_keep(void)
{
	static const struct {
		const char *object, *kept;
	} ROWS[] = {
		{"{'metadata':{'name':'a','uid':'x','labels':{'sidewire.io/inject':'enabled'},"
		 "'annotations':{'x':'y'," GATE_NONE "}},'spec':{}}",
		 ANNOTATED("a", GATE_NONE)},
		{"{'metadata':{'name':'a','annotations':{'x':'y'}},'status':{}}", NAMED("a")},
		{"{'metadata':{'name':'a','annotations':[]}}",
		 "{'metadata':{'name':'a','annotations':[]}}"},
		{"7", "7"},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *object = quoted_json(ROWS[i].object);
		json_auto_t *kept = namespace_set_keep(object);
		CLEANUP(freep) char *text = quoted_json_text(kept);

		ASSERT_TEXT(ROWS[i].object, text, ROWS[i].kept);
	}
}

static void test_text(void)
{
	static const char *const ANNOTATIONS[] = {
		"{" GATE_NONE ",'param.sidewire.io/x':'\\u0000\\\\ \xe2\x82\xac'}", "(nothing)"};
	static const char *const OBJECTS[] = {
		ANNOTATED("a", GATE_NONE ",'param.sidewire.io/x':'\\u0000\\\\ \xe2\x82\xac'"),
		NAMED("a")};

	for (size_t i = 0; i < sizeof(OBJECTS) / sizeof(*OBJECTS); i++) {
		json_auto_t *object = quoted_json(OBJECTS[i]);
		json_auto_t *decoded = NULL;
		CLEANUP(freep) char *text = NULL;
		struct err err = {0};

		ASSERT_ROW(OBJECTS[i], namespace_text_encode(object, &text, &err) == 0);
		ASSERT_ROW(OBJECTS[i], namespace_text_decode(text, &decoded, &err) == 0);
		CLEANUP(freep) char *found = quoted_json_text(decoded);
		json_auto_t *expected = i == 0 ? quoted_json(ANNOTATIONS[0]) : NULL;
		CLEANUP(freep) char *wanted = quoted_json_text(expected);
		ASSERT_TEXT(OBJECTS[i], found, wanted);
	}
}

/* A namespace whose annotations take that many bytes as text. The caller owns it. */
static json_t *namespace_of_size(size_t size)
{
	static const char AROUND[] = "{\"sidewire.io/x\":\"\"}";
	size_t length = size - strlen(AROUND);
	CLEANUP(freep) char *value = calloc(1, length + 1);

	memset(value, 'x', length);
	return json_pack("{s:{s:s, s:{s:s}}}", "metadata", "name", "large", "annotations",
			 "sidewire.io/x", value);
}

static void test_large_text(void)
{
	json_auto_t *largest = namespace_of_size(NAMESPACE_TEXT_MAX);
	json_auto_t *larger = namespace_of_size(NAMESPACE_TEXT_MAX + 1);
	CLEANUP(freep) char *text = NULL;
	char *none = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL(namespace_text_encode(largest, &text, &err), 0);
	CU_ASSERT_EQUAL(namespace_text_encode(larger, &none, &err), -E2BIG);
	ASSERT_TEXT("message", err.msg,
		    "namespace 'large': its annotations of sidewire take 16385 bytes, more than "
		    "16384");
}

static void test_names(void)
{
	static const struct {
		const char *name;
		int code;
	} ROWS[] = {
		{"shop", 0},
		{"kube-system", 0},
		{"0", 0},
		{"a23456789012345678901234567890123456789012345678901234567890123", 0},
		{"a234567890123456789012345678901234567890123456789012345678901234", -EINVAL},
		{"", -EINVAL},
		{"Shop", -EINVAL},
		{"a/b", -EINVAL},
		{"..", -EINVAL},
		{"a?b", -EINVAL},
		{"a%2fb", -EINVAL},
		{"a b", -EINVAL},
		{"\xc3\xa4", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct err err = {0};

		ASSERT_ROW(ROWS[i].name, namespace_name_check(ROWS[i].name, &err) == ROWS[i].code);
	}
}

/* Where memory ends, less is known, and nothing that is wrong. */
static int attempt(const void *input, struct err *err)
{
	json_t *const *objects = input;
	CLEANUP(namespace_set_release) struct namespace_set set = {0};

	namespace_set_list(&set, objects[0]);
	namespace_set_put(&set, objects[1]);
	json_auto_t *kept = namespace_set_keep(objects[1]);
	const char *a = namespace_set_find(&set, "a", 0);
	const char *b = namespace_set_find(&set, "b", 0);
	const char *c = namespace_set_find(&set, "c", 0);

	CU_ASSERT(a == NULL || strcmp(a, "{\"sidewire.io/gate\":\"probe\"}") == 0);
	CU_ASSERT(b == NULL || strcmp(b, "") == 0);
	CU_ASSERT(c == NULL || strcmp(c, "{\"sidewire.io/gate\":\"none\"}") == 0);
	if (a == NULL || b == NULL || c == NULL || kept == NULL)
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

static void test_out_of_memory(void)
{
	json_auto_t *items = quoted_json(
		"[" ANNOTATED("a", GATE_NONE) "," NAMED("b") "," ANNOTATED("c", GATE_NONE) "]");
	json_auto_t *changed = quoted_json(ANNOTATED("a", "'sidewire.io/gate':'probe'"));
	json_t *const objects[] = {items, changed};

	alloc_fail_sweep("list and change", attempt, objects);
}

static CU_TestInfo tests[] = {
	{"a list", test_list},
	{"changes", test_changes},
	{"what can not be kept", test_what_is_not_kept},
	{"before the list, and after too long a silence", test_when_nothing_is_known},
	{"what is kept of a list's items", test_keep},
	{"text and back", test_text},
	{"large text", test_large_text},
	{"names", test_names},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/namespace_set", tests)
