/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/json_write.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

/* Whatever is read is written as jansson writes it. */
static void test_as_jansson(void)
{
	static const char *const VALUES[] = {
		"{}",
		"[]",
		"null",
		"true",
		"false",
		"0",
		"-9223372036854775808",
		"9223372036854775807",
		"0.1",
		"1.0",
		"-2.2250738585072014e-308",
		"1.7976931348623157e308",
		"12345678901234567000.5",
		"\"\"",
		"\"/ \\/ \\\" \\\\ \\b \\f \\n \\r \\t \\u0001 \\u001f \\u007f\"",
		"\"\\u0000 is in it\"",
		"\"\\\\\\\\\"",
		"\"\\u00fc \\u20ac \\ud83d\\ude00 \\u2028\"",
		"{\"b\":1,\"a\":{\"\":[]},\"\\\"\\n\":[[[]],{},null,\"x\",1]}",
		"[{\"k\":[1,2.5,{\"l\":false}]},[],{}]",
	};

	for (size_t i = 0; i < sizeof(VALUES) / sizeof(*VALUES); i++) {
		CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;
		json_auto_t *value = json_loads(VALUES[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		CLEANUP(freep) char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		CU_ASSERT_PTR_NOT_NULL_FATAL(expected);
		strbuf_puts(&buf, "before ");
		json_write_value(value, &buf);
		ASSERT_TEXT(VALUES[i], buf.data + strlen("before "), expected);
	}
}

/* Every byte that may stand in UTF-8 by itself, alone and between others. */
static void test_every_character(void)
{
	for (int c = 0; c < 0x80; c++) {
		const char text[] = {'a', (char)c, 'z'};
		CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;

		json_write_text(text, sizeof(text), &buf);
		json_auto_t *back =
			json_loadb(buf.data, buf.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		ASSERT_ROW(buf.data, json_string_length(back) == sizeof(text));
		ASSERT_ROW(buf.data, memcmp(json_string_value(back), text, sizeof(text)) == 0);
	}
}

static CU_TestInfo tests[] = {
	{"whatever is read is written as jansson writes it", test_as_jansson},
	{"every character finds its way back", test_every_character},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/json_write", tests)
