/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/word_list.h"

#include "tests/unit/suite.h"

static void test_words(void)
{
	static const char *const WORDS[] = {"tcp", "", "udp", NULL};
	static const char *const NONE[] = {NULL};

	CU_ASSERT(word_list_has(WORDS, "tcp"));
	CU_ASSERT(word_list_has(WORDS, ""));
	CU_ASSERT(word_list_has(WORDS, "udp"));
	CU_ASSERT(!word_list_has(WORDS, "ud"));
	CU_ASSERT(!word_list_has(WORDS, "udp4"));
	CU_ASSERT(!word_list_has(WORDS, "UDP"));
	CU_ASSERT(!word_list_has(NONE, ""));
}

static CU_TestInfo tests[] = {
	{"words", test_words},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/word_list", tests)
