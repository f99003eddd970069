/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/parse_num.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/suite.h"

static const struct {
	const char *text;
	uint32_t min, max;
	int r;
	uint32_t value;
} cases[] = {
	{"0", 0, 10, 0, 0},
	{"1", 1, 1, 0, 1},
	{"65535", 1, 65535, 0, 65535},
	{"4294967295", 0, UINT32_MAX, 0, UINT32_MAX},
	{"10", 10, 20, 0, 10},
	{"20", 10, 20, 0, 20},
	{"9", 10, 20, -ERANGE, 0},
	{"21", 10, 20, -ERANGE, 0},
	{"0", 1, 65535, -ERANGE, 0},
	{"4294967296", 0, UINT32_MAX, -ERANGE, 0},
	{"9999999999", 0, UINT32_MAX, -ERANGE, 0},
	{"10000000000", 0, UINT32_MAX, -ERANGE, 0},
	{"18446744073709551617", 0, UINT32_MAX, -ERANGE, 0}, /* 2^64 + 1 */
	{"340282366920938463463374607431768211457", 0, UINT32_MAX, -ERANGE, 0},
	{"", 0, 10, -EINVAL, 0},
	{"00", 0, 10, -EINVAL, 0},
	{"07", 0, 10, -EINVAL, 0},
	{"+7", 0, 10, -EINVAL, 0},
	{"-7", 0, 10, -EINVAL, 0},
	{" 7", 0, 10, -EINVAL, 0},
	{"7 ", 0, 10, -EINVAL, 0},
	{"0x7", 0, 10, -EINVAL, 0},
	{"7.0", 0, 10, -EINVAL, 0},
	{"1e1", 0, 10, -EINVAL, 0},
	{"/", 0, 10, -EINVAL, 0}, /* the characters beside the digits */
	{":", 0, 10, -EINVAL, 0},
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t value = 123456;
		struct err err = {0};
		int r = parse_u32(cases[i].text, strlen(cases[i].text), cases[i].min, cases[i].max,
				  &value, &err);

		ASSERT_ROW(cases[i].text, r == cases[i].r);
		ASSERT_ROW(cases[i].text, err.code == cases[i].r);
		ASSERT_ROW(cases[i].text, value == (r == 0 ? cases[i].value : 123456));
	}
}

/* Exactly the bytes that are named are looked at. */
static void test_length(void)
{
	uint32_t value = 0;
	struct err err = {0};

	CU_ASSERT(parse_u32("807", 2, 0, 100, &value, &err) == 0 && value == 80);
	CU_ASSERT(parse_u32("8\0", 2, 0, 100, &value, &err) == -EINVAL);
}

static void test_messages(void)
{
	static const char digits[] =
		"11111111112222222222333333333344444444445555555555666666666677";
	char text[3 * sizeof(digits)];
	uint32_t value;
	struct err err = {0};

	CU_ASSERT(parse_u32("x", 1, 1, 65535, &value, &err) < 0);
	ASSERT_TEXT("no number", err.msg, "'x' is not a number from 1 to 65535");
	CU_ASSERT(parse_u32("0", 1, 1, 65535, &value, &err) < 0);
	ASSERT_TEXT("out of range", err.msg, "'0' is not in 1 to 65535");
	memset(text, '9', sizeof(text));
	CU_ASSERT(parse_u32(text, sizeof(text), 0, 1, &value, &err) == -ERANGE);
	CU_ASSERT(strlen(err.msg) == 64 + strlen("'' is not in 0 to 1"));
}

static CU_TestInfo tests[] = {{"numbers", test_cases},
			      {"the length is kept", test_length},
			      {"messages", test_messages},
			      CU_TEST_INFO_NULL};
SUITE("common/base/parse_num", tests)
