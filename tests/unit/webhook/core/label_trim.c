/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/label_trim.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define LABEL(value) "{'metadata':{'labels':{'a':'" value "','b':'1'}},'spec':{}}"

static const struct {
	const char *overlay, *trimmed;
} ROWS[] = {
	{LABEL(""), LABEL("")},
	{LABEL("x-y"), LABEL("x-y")},
	{LABEL(SIXTY "012"), LABEL(SIXTY "012")},
	{LABEL(SIXTY "0123"), LABEL(SIXTY "012")},
	{LABEL(SIXTY "-_.45"), LABEL(SIXTY)},
	{LABEL("x-"), LABEL("x")},
	{LABEL("-._"), LABEL("")},
	{LABEL(SIXTY "01\u00e9"), LABEL(SIXTY "01")},
	{"{'metadata':{'labels':{'a':null}}}", "{'metadata':{'labels':{'a':null}}}"},
	{"{'metadata':{'annotations':{'a':'x-'}}}", "{'metadata':{'annotations':{'a':'x-'}}}"},
	{"{}", "{}"},
};

static void test_trim(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *overlay = quoted_json(ROWS[i].overlay);
		json_auto_t *shared = json_incref(overlay);
		json_auto_t *before = quoted_json(ROWS[i].overlay);
		struct err err = {0};

		ASSERT_ROW(ROWS[i].overlay, label_trim(&overlay, &err) == 0);
		CLEANUP(freep) char *found = quoted_json_text(overlay);
		ASSERT_TEXT(ROWS[i].overlay, found, ROWS[i].trimmed);
		ASSERT_ROW(ROWS[i].overlay, json_equal(shared, before));
	}
}

static int attempt(const void *input, struct err *err)
{
	json_auto_t *overlay = json_deep_copy(input);

	return overlay == NULL ? err_set(err, ENOMEM, "no copy") : label_trim(&overlay, err);
}

static void test_out_of_memory(void)
{
	json_auto_t *overlay = quoted_json(LABEL("x-"));

	alloc_fail_sweep("a label is cut", attempt, overlay);
}

static CU_TestInfo tests[] = {
	{"label values are cut", test_trim},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/label_trim", tests)
