/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/scalar_text.h"

#include <string.h>

#include "tests/unit/suite.h"

struct row {
	const char *text;
	bool expected;
};

static const struct row QUANTITIES[] = {
	{"0", true},      {"100m", true}, {"64Mi", true},  {"1.5Gi", true}, {"1.", true},
	{".5", true},     {"+1", true},   {"-1k", true},   {"2e3", true},   {"2E-3", true},
	{"2E", true},     {"5n", true},   {"5u", true},    {"1Ei", true},   {"", false},
	{".", false},     {"-", false},   {"1 Gi", false}, {"1gi", false},  {"1K", false},
	{"1Kib", false},  {"abc", false}, {"1e", false},   {"1e+", false},  {"1e1.5", false},
	{"1.2.3", false}, {"--1", false}, {"1Mi ", false}, {"0x10", false}, {"1,5", false},
};

static const struct row DURATIONS[] = {
	{"0", true},
	{"+0", true},
	{"1s", true},
	{"1h30m", true},
	{"-1.5s", true},
	{".5s", true},
	{"1.s", true},
	{"500ms", true},
	{"3us", true},
	{"3\xc2\xb5s", true},
	{"3\xce\xbcs", true},
	{"7ns", true},
	{"2562047h47m16.854775807s", true},
	{"-2562047h47m16.854775808s", true},
	{"2562047h47m16.854775808s", false},
	{"9999999999999999999999h", false},
	{"2562047h2562047h", false},
	{"", false},
	{"-", false},
	{"1", false},
	{"1d", false},
	{"s", false},
	{".s", false},
	{"1s ", false},
	{"1h 30m", false},
	{"1h-30m", false},
	{"00", false},
};

static void test_quantities(void)
{
	for (size_t i = 0; i < sizeof(QUANTITIES) / sizeof(*QUANTITIES); i++)
		ASSERT_ROW(QUANTITIES[i].text,
			   is_quantity_text(QUANTITIES[i].text) == QUANTITIES[i].expected);
}

static void test_durations(void)
{
	for (size_t i = 0; i < sizeof(DURATIONS) / sizeof(*DURATIONS); i++)
		ASSERT_ROW(DURATIONS[i].text,
			   is_duration_text(DURATIONS[i].text) == DURATIONS[i].expected);
}

static CU_TestInfo tests[] = {
	{"quantities", test_quantities},
	{"durations", test_durations},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/scalar_text", tests)
