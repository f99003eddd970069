/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/list_item.h"

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name;
	const char *text;
	const char *items; /* each in brackets */
} cases[] = {
	{"nothing", "", ""},
	{"one", "80", "[80]"},
	{"three", "80,443,8000-8010", "[80][443][8000-8010]"},
	{"blanks around", " 80 ,\t443\n,\r1 ", "[80][443][1]"},
	{"blanks inside", "8 0", "[8 0]"},
	{"only a blank", " ", "[]"},
	{"only a comma", ",", "[][]"},
	{"an empty item", "80,,443", "[80][][443]"},
	{"a comma at the end", "80,", "[80][]"},
	{"a comma before it", ",80", "[][80]"},
};

static void test_items(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(strbuf_release) struct strbuf found = STRBUF_INIT;
		struct list_item item;

		strbuf_puts(&found, "");
		for (const char *rest = list_items(cases[i].text); list_item_next(&rest, &item);) {
			strbuf_puts(&found, "[");
			strbuf_append(&found, item.text, item.length);
			strbuf_puts(&found, "]");
		}
		ASSERT_TEXT(cases[i].name, found.data, cases[i].items);
	}
}

static CU_TestInfo tests[] = {{"items", test_items}, CU_TEST_INFO_NULL};
SUITE("common/base/list_item", tests)
