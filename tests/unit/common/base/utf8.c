/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/utf8.h"

#include <string.h>

#include "tests/unit/suite.h"

static void test_lengths(void)
{
	static const struct {
		const char *name, *text;
		size_t length;
	} ROWS[] = {
		{"a letter", "a", 1},
		{"U+007F", "\x7f", 1},
		{"U+0080", "\xc2\x80", 2},
		{"U+07FF", "\xdf\xbf", 2},
		{"U+0800", "\xe0\xa0\x80", 3},
		{"U+D7FF", "\xed\x9f\xbf", 3},
		{"U+E000", "\xee\x80\x80", 3},
		{"U+FFFF", "\xef\xbf\xbf", 3},
		{"U+10000", "\xf0\x90\x80\x80", 4},
		{"U+10FFFF", "\xf4\x8f\xbf\xbf", 4},
		{"more behind it", "\xc3\xa4\xc3", 2},
		{"nothing", "", 0},
		{"a continuation first", "\x80", 0},
		{"overlong of two", "\xc1\xbf", 0},
		{"overlong of three", "\xe0\x9f\xbf", 0},
		{"overlong of four", "\xf0\x8f\xbf\xbf", 0},
		{"a surrogate", "\xed\xa0\x80", 0},
		{"U+110000", "\xf4\x90\x80\x80", 0},
		{"F5", "\xf5\x80\x80\x80", 0},
		{"cut after one", "\xe2", 0},
		{"cut after two", "\xe2\x82", 0},
		{"cut by a letter",
		 "\xe2\x82"
		 "a",
		 0},
		{"the second is no continuation", "\xc3(", 0},
		{"the fourth is no continuation", "\xf0\x9f\x98(", 0},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		ASSERT_ROW(ROWS[i].name,
			   utf8_length(ROWS[i].text, strlen(ROWS[i].text)) == ROWS[i].length);
}

static void test_a_nul_is_a_character(void)
{
	CU_ASSERT_EQUAL(utf8_length("\0", 1), 1);
}

static void test_repair(void)
{
	static const struct {
		const char *text, *repaired;
	} ROWS[] = {
		{"", ""},
		{"plain", "plain"},
		{"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"cut \xc3", "cut "},
		{"cut \xf0\x9f\x98", "cut "},
		{"in \xe2\x82 it", "in ?? it"},
		{"in \xc3(", "in ?("},
		{"overlong \xc0\xaf.", "overlong ??."},
		{"\xff", ""},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%s", ROWS[i].text);
		utf8_repair(text);
		ASSERT_TEXT(ROWS[i].repaired, text, ROWS[i].repaired);
	}
}

static CU_TestInfo tests[] = {
	{"lengths", test_lengths},
	{"a NUL is a character", test_a_nul_is_a_character},
	{"text that was cut becomes UTF-8", test_repair},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/utf8", tests)
