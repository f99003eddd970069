/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/range_list.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/common/base/list_rows.h"
#include "tests/unit/suite.h"

static const struct list_row good[] = {
	{"", ""},
	{"80", "80"},
	{"1-65535", "1-65535"},
	{"80,443", "80,443"},
	{"443,80", "80,443"},
	{" 80 , 8000-8010 ", "80,8000-8010"},
	{"80,80", "80"},
	{"80-80", "80"},
	{"80,81", "80-81"},
	{"81,80", "80-81"},
	{"80,82", "80,82"},
	{"80,82,81", "80-82"},
	{"1-10,5-20", "1-20"},
	{"5-20,1-10", "1-20"},
	{"1-100,20-30", "1-100"},
	{"20-30,1-100", "1-100"},
	{"1-10,11-20", "1-20"},
	{"1-10,12-20,30,40-50", "1-10,12-20,30,40-50"},
	{"40-50,30,12-20,1-10,11-39", "1-50"},
	{"65535,65534", "65534-65535"},
	{"65535,1", "1,65535"},
};

static int parse_and_format(const char *text, const struct range_kind *kind, char **ret_text,
			    struct err *err)
{
	CLEANUP(range_list_release) struct range_list list = {0};
	struct strbuf out = STRBUF_INIT;
	int r = range_list_parse(text, kind, &list, err);

	if (r < 0)
		return r;
	range_list_format(&list, &out);
	return strbuf_finish(&out, ret_text, err);
}

static int recode_ports(const void *input, char **ret_text, struct err *err)
{
	return parse_and_format(input, &RANGE_KIND_PORT, ret_text, err);
}

static void test_good(void)
{
	list_rows_check(good, sizeof(good) / sizeof(*good), recode_ports);
}

static const struct {
	const char *text;
	int code;
	const char *message;
} bad[] = {
	{"*", -EINVAL, "port: '*' is not a number from 1 to 65535"},
	{"0", -ERANGE, "port: '0' is not in 1 to 65535"},
	{"65536", -ERANGE, "port: '65536' is not in 1 to 65535"},
	{"80,", -EINVAL, "port: '' is not a number from 1 to 65535"},
	{",80", -EINVAL, "port: '' is not a number from 1 to 65535"},
	{" ", -EINVAL, "port: '' is not a number from 1 to 65535"},
	{"80 443", -EINVAL, "port: '80 443' is not a number from 1 to 65535"},
	{"80-", -EINVAL, "port: '' is not a number from 1 to 65535"},
	{"-80", -EINVAL, "port: '' is not a number from 1 to 65535"},
	{"1-2-3", -EINVAL, "port: '2-3' is not a number from 1 to 65535"},
	{"8 - 9", -EINVAL, "port: '8 ' is not a number from 1 to 65535"},
	{"8000:8010", -EINVAL, "port: '8000:8010' is not a number from 1 to 65535"},
	{"0-5", -ERANGE, "port: '0' is not in 1 to 65535"},
	{"1-65536", -ERANGE, "port: '65536' is not in 1 to 65535"},
	{"9-8", -EINVAL, "port range '9-8' ends before it begins"},
	{"80,x", -EINVAL, "port: 'x' is not a number from 1 to 65535"},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct range_list list = {.count = 7};
		struct err err = {0};

		ASSERT_ROW(bad[i].text, range_list_parse(bad[i].text, &RANGE_KIND_PORT, &list,
							 &err) == bad[i].code);
		ASSERT_TEXT(bad[i].text, err.msg, bad[i].message);
		ASSERT_ROW(bad[i].text, list.count == 7);
	}
}

/* The whole range of uids, whose last number is one less than 32 bits hold. */
static void test_ids(void)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(range_list_release) struct range_list list = {0};
	struct err err = {0};

	CU_ASSERT(parse_and_format("4294967294,0", &RANGE_KIND_ID, &text, &err) == 0);
	ASSERT_TEXT("edges", text, "0,4294967294");
	CU_ASSERT(range_list_parse("4294967295", &RANGE_KIND_ID, &list, &err) == -ERANGE);
	ASSERT_TEXT("none", err.msg, "id: '4294967295' is not in 0 to 4294967294");
	/* Joining must not overflow at either end. */
	CU_ASSERT(range_list_add(&list, UINT32_MAX, UINT32_MAX, &err) == 0);
	CU_ASSERT(range_list_add(&list, 0, 0, &err) == 0);
	CU_ASSERT(list.count == 2);
	CU_ASSERT(range_list_add(&list, 1, UINT32_MAX - 1, &err) == 0);
	CU_ASSERT(list.count == 1 && list.items[0].first == 0 && list.items[0].last == UINT32_MAX);
}

static void test_contains(void)
{
	CLEANUP(range_list_release) struct range_list list = {0};
	struct err err = {0};

	CU_ASSERT(!range_list_contains(&list, 0));
	CU_ASSERT(range_list_parse("10-20,30", &RANGE_KIND_ID, &list, &err) == 0);
	CU_ASSERT(!range_list_contains(&list, 9) && range_list_contains(&list, 10));
	CU_ASSERT(range_list_contains(&list, 20) && !range_list_contains(&list, 21));
	CU_ASSERT(!range_list_contains(&list, 29) && range_list_contains(&list, 30));
	CU_ASSERT(!range_list_contains(&list, 31));
}

static void test_add_all(void)
{
	CLEANUP(range_list_release) struct range_list list = {0};
	CLEANUP(range_list_release) struct range_list other = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err err = {0};

	CU_ASSERT(range_list_parse("10-20,30", &RANGE_KIND_ID, &list, &err) == 0);
	CU_ASSERT(range_list_parse("5,21-29,40", &RANGE_KIND_ID, &other, &err) == 0);
	CU_ASSERT(range_list_add_all(&list, &other, &err) == 0);
	range_list_format(&list, &out);
	ASSERT_TEXT("joined", out.data, "5,10-30,40");
}

/* The bound counts what was written, so that joining cannot be used to go on for ever. */
static void test_bound(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(range_list_release) struct range_list list = {0};
	struct range_list untouched = {0};
	struct err err = {0};

	strbuf_puts(&text, "1");
	for (size_t i = 1; i < RANGE_LIST_MAX; i++)
		strbuf_puts(&text, ",1");
	CU_ASSERT(range_list_parse(text.data, &RANGE_KIND_PORT, &list, &err) == 0);
	CU_ASSERT(list.count == 1);
	strbuf_puts(&text, ",1");
	CU_ASSERT(range_list_parse(text.data, &RANGE_KIND_PORT, &untouched, &err) == -E2BIG);
	ASSERT_TEXT("too many", err.msg, "more than 1024 port ranges in one list");
}

static void test_allocations(void)
{
	alloc_fail_sweep_outcome("parse and format", recode_ports,
				 "1,3,5,7-9,8,11,1000-2000,500-1500");
}

static CU_TestInfo tests[] = {{"lists and their canonical form", test_good},
			      {"what is no list", test_bad},
			      {"uids and gids", test_ids},
			      {"contains", test_contains},
			      {"adding a list", test_add_all},
			      {"the bound", test_bound},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("common/base/range_list", tests)
