/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/document_split.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/suite.h"

/* The documents of a text, a | between two. The caller frees it. */
static char *split(const char *text)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err err = {0};
	char *joined = NULL;
	size_t rest = strlen(text);

	for (const char *at = text; rest > 0;) {
		size_t length = document_length(at, rest, true);

		CU_ASSERT_FATAL(length > 0 && length <= rest);
		strbuf_append(&out, at, length);
		at += length;
		rest -= length;
		if (rest > 0)
			strbuf_puts(&out, "|");
	}
	CU_ASSERT_EQUAL_FATAL(strbuf_finish(&out, &joined, &err), 0);
	return joined;
}

static const struct {
	const char *name, *text, *expected;
} ROWS[] = {
	{"nothing", "", ""},
	{"one", "a: b\n", "a: b\n"},
	{"one with a marker", "---\na: b\n", "---\na: b\n"},
	{"two", "a: b\n---\nc: d\n", "a: b\n|---\nc: d\n"},
	{"three, one of them empty", "---\na: b\n---\n---\nc: d\n",
	 "---\na: b\n|---\n|---\nc: d\n"},
	{"comments belong to what follows", "# x\n\n---\na: b\n", "# x\n\n---\na: b\n"},
	{"and to what was before", "a: b\n# x\n---\nc: d\n", "a: b\n# x\n|---\nc: d\n"},
	{"directives", "%YAML 1.2\n---\na: b\n...\n%YAML 1.2\n---\nc\n",
	 "%YAML 1.2\n---\na: b\n...\n|%YAML 1.2\n---\nc\n"},
	{"an end without a next", "a: b\n...\n", "a: b\n...\n"},
	{"content behind the marker", "--- a\n--- # x\n--- b\n", "--- a\n|--- # x\n|--- b\n"},
	{"no markers", "a: |\n  ---\n  b\n---x: y\n--: z\n", "a: |\n  ---\n  b\n---x: y\n--: z\n"},
	{"carriage returns", "a: b\r\n---\r\nc: d\r\n", "a: b\r\n|---\r\nc: d\r\n"},
	{"no line feed at the end", "a: b\n---", "a: b\n|---"},
	{"JSON one after the other", "{\"a\": \"}\\\"\"}\n{\"b\": [{}]} {}\n",
	 "{\"a\": \"}\\\"\"}\n|{\"b\": [{}]} |{}\n"},
	{"JSON in lines", "{\n  \"a\": {\n  }\n}\n\n{ \"b\": 1 }",
	 "{\n  \"a\": {\n  }\n}\n|\n{ \"b\": 1 }"},
	{"JSON and YAML", "---\n{\"a\": 1}\n---\nb: {c: d}\n",
	 "---\n{\"a\": 1}\n|---\nb: {c: d}\n"},
	{"JSON that does not end", "{\"a\": [1}\n---\nb\n", "{\"a\": [1}\n---\nb\n"},
	{"brackets in quotes that JSON does not have", "{\"a\": '}', \"b\": 1}\n---\nc\n",
	 "{\"a\": '}', \"b\": 1}\n|---\nc\n"},
	{"brackets in a comment", "{\"a\": 1, # }\n\"b\": 2}\n---\nc\n",
	 "{\"a\": 1, # }\n\"b\": 2}\n|---\nc\n"},
	{"brackets that are YAML", "{a: b}\n{c: d}\n", "{a: b}\n{c: d}\n"},
};

static void test_split(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(freep) char *found = split(ROWS[i].text);
		ASSERT_TEXT(ROWS[i].name, found, ROWS[i].expected);
	}
}

/* What is known of a text's beginning does not change when more of it comes. */
static void test_parts(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const char *text = ROWS[i].text;
		size_t whole = document_length(text, strlen(text), true);

		for (size_t part = 0; part < strlen(text); part++) {
			size_t length = document_length(text, part, false);
			ASSERT_ROW(ROWS[i].name, length == 0 || length == whole);
		}
	}
	CU_ASSERT_EQUAL(document_length("a\n---\nb", 6, false), 2);
	CU_ASSERT_EQUAL(document_length("{\"a\":1}\n{", 9, false), 8);
	CU_ASSERT_EQUAL(document_length("a\n", 2, false), 0);
}

static void test_lines(void)
{
	CU_ASSERT_EQUAL(document_lines("", 0), 0);
	CU_ASSERT_EQUAL(document_lines("a", 1), 0);
	CU_ASSERT_EQUAL(document_lines("a\n\nb\n", 5), 3);
	CU_ASSERT_EQUAL(document_lines("a\n\nb\n", 2), 1);
}

static CU_TestInfo tests[] = {
	{"documents", test_split},
	{"parts of a text", test_parts},
	{"lines", test_lines},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/document_split", tests)
