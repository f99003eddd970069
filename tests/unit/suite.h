/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a unit test file announces itself: one suite a module, named after the source file.
 *
 *   static CU_TestInfo tests[] = {{"what holds", test_what_holds}, CU_TEST_INFO_NULL};
 *   SUITE("common/base/cidr", tests)
 */
#ifndef SIDEWIRE_TESTS_SUITE_H
#define SIDEWIRE_TESTS_SUITE_H

#include <CUnit/CUnit.h>
#include <stdio.h>

/* Adds a suite to those that the runner runs. */
void suite_announce(const char *name, CU_TestInfo *tests);

#define SUITE(name, tests)                                                 \
	__attribute__((constructor)) static void announce_this_suite(void) \
	{                                                                  \
		suite_announce(name, tests);                               \
	}

/* Like CU_ASSERT_STRING_EQUAL, and says which row of a table it was and what was found. */
#define ASSERT_TEXT(row, found, expected)                                               \
	do {                                                                            \
		const char *found_ = (found), *expected_ = (expected);                  \
		if (found_ == NULL || strcmp(found_, expected_) != 0)                   \
			printf("\n    %s: found    '%s'\n    %s: expected '%s'\n", row, \
			       found_ != NULL ? found_ : "(nothing)", row, expected_);  \
		CU_ASSERT(found_ != NULL && strcmp(found_, expected_) == 0);            \
	} while (0)

/* Asserts a condition and names the row of a table that broke it. */
#define ASSERT_ROW(row, condition)                                         \
	do {                                                               \
		int holds_ = (condition);                                  \
		if (!holds_)                                               \
			printf("\n    %s: not so: %s\n", row, #condition); \
		CU_ASSERT(holds_);                                         \
	} while (0)

#endif
