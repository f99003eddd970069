/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/kube_retry.h"

#include <limits.h>
#include <stddef.h>

#include "tests/unit/suite.h"

/* The shortest and the longest pause: jitter is somewhere between. */
static const struct {
	const char *name;
	unsigned int failures;
	unsigned long retry_after_s;
	unsigned int shortest_ms, longest_ms;
} pauses[] = {
	{"no failure", 0, 0, 100, 200},
	{"the first", 1, 0, 100, 200},
	{"the second", 2, 0, 200, 400},
	{"the eighth", 8, 0, 12800, 25600},
	{"the ninth", 9, 0, 15000, 30000},
	{"very many", UINT_MAX, 0, 15000, 30000},
	{"the server asks for more", 1, 7, 7000, 7000},
	{"the server asks for less", 9, 1, 15000, 30000},
	{"the server asks for just too much", 1, 61, 60000, 60000},
	{"the server asks for an age", 1, ULONG_MAX, 60000, 60000},
};

static void test_pauses(void)
{
	static const uint32_t RANDOM[] = {0, 1, 99, 100, 12345, 15000, UINT32_MAX - 1, UINT32_MAX};

	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		for (size_t j = 0; j < sizeof(RANDOM) / sizeof(*RANDOM); j++) {
			unsigned int pause_ms = kube_pause_ms(pauses[i].failures, RANDOM[j],
							      pauses[i].retry_after_s);
			ASSERT_ROW(pauses[i].name, pause_ms >= pauses[i].shortest_ms);
			ASSERT_ROW(pauses[i].name, pause_ms <= pauses[i].longest_ms);
		}
		ASSERT_ROW(pauses[i].name,
			   kube_pause_ms(pauses[i].failures, 0, pauses[i].retry_after_s) ==
				   pauses[i].shortest_ms);
	}
}

static void test_jitter_reaches_both_ends(void)
{
	CU_ASSERT_EQUAL(kube_pause_ms(1, 0, 0), 100);
	CU_ASSERT_EQUAL(kube_pause_ms(1, 100, 0), 200);
	CU_ASSERT_EQUAL(kube_pause_ms(9, 15000, 0), 30000);
}

static const struct {
	long status;
	bool is_retried, is_resumed;
} statuses[] = {
	{0, false, false},   {200, false, false}, {400, false, false}, {401, false, true},
	{403, false, true},  {404, false, false}, {409, false, false}, {410, false, false},
	{422, false, false}, {429, true, true},   {499, false, false}, {500, true, true},
	{503, true, true},   {504, true, true},   {599, true, true},   {600, false, false},
};

static void test_statuses(void)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		char name[16];

		snprintf(name, sizeof(name), "%ld", statuses[i].status);
		ASSERT_ROW(name, kube_is_retried(statuses[i].status) == statuses[i].is_retried);
		ASSERT_ROW(name, kube_is_resumed(statuses[i].status) == statuses[i].is_resumed);
	}
}

static CU_TestInfo tests[] = {
	{"pauses are bounded", test_pauses},
	{"jitter reaches both ends", test_jitter_reaches_both_ends},
	{"what follows a status", test_statuses},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/kube_retry", tests)
