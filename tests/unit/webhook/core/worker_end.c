/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/worker_end.h"

#include "tests/unit/suite.h"

enum { LONG_MS = WORKER_QUICK_MS, SEGV = 11 };

static const struct worker_end EXITED = {.exit_status = 3, .lived_ms = LONG_MS};
static const struct worker_end KILLED = {.signal_number = SEGV, .lived_ms = LONG_MS};
static const struct worker_end QUICKLY_KILLED = {.signal_number = SEGV,
						 .lived_ms = WORKER_QUICK_MS - 1};

static void test_who_is_replaced(void)
{
	static const struct {
		const char *name;
		const struct worker_end *end;
		bool is_ending;
		bool is_replaced;
	} ROWS[] = {
		{"killed", &KILLED, false, true},
		{"killed soon after its start", &QUICKLY_KILLED, false, true},
		{"killed while the program ends", &KILLED, true, false},
		{"exited", &EXITED, false, false},
		{"exited while the program ends", &EXITED, true, false},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		unsigned int quick_ends = 0;
		ASSERT_ROW(ROWS[i].name,
			   worker_should_be_replaced(ROWS[i].end, ROWS[i].is_ending, &quick_ends) ==
				   ROWS[i].is_replaced);
	}
}

static void test_a_crash_loop_ends(void)
{
	unsigned int quick_ends = 0;

	for (int i = 1; i < WORKER_QUICK_ENDS_MAX; i++)
		CU_ASSERT(worker_should_be_replaced(&QUICKLY_KILLED, false, &quick_ends));
	CU_ASSERT_FALSE(worker_should_be_replaced(&QUICKLY_KILLED, false, &quick_ends));
}

static void test_one_that_lived_breaks_the_row(void)
{
	unsigned int quick_ends = 0;

	for (int i = 0; i < 3 * WORKER_QUICK_ENDS_MAX; i++) {
		const struct worker_end *end =
			i % WORKER_QUICK_ENDS_MAX == 0 ? &KILLED : &QUICKLY_KILLED;
		CU_ASSERT(worker_should_be_replaced(end, false, &quick_ends));
	}
}

static void test_exit_status(void)
{
	CU_ASSERT_EQUAL(worker_exit_status(&EXITED), 3);
	CU_ASSERT_EQUAL(worker_exit_status(&KILLED), 139);
}

static CU_TestInfo tests[] = {
	{"who is replaced", test_who_is_replaced},
	{"a crash loop ends", test_a_crash_loop_ends},
	{"one that lived breaks the row", test_one_that_lived_breaks_the_row},
	{"exit status", test_exit_status},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/worker_end", tests)
