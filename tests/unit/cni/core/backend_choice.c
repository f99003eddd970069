/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/backend_choice.h"

#include <errno.h>

#include "tests/unit/suite.h"

static void test_names(void)
{
	for (enum backend_choice choice = 0; choice < BACKEND_CHOICE_COUNT; choice++) {
		enum backend_choice found = BACKEND_CHOICE_COUNT;
		struct err err;

		CU_ASSERT(backend_choice_parse(backend_choice_name(choice), &found, &err) == 0);
		CU_ASSERT(found == choice);
	}
	ASSERT_TEXT("the default", backend_choice_name((enum backend_choice)0), "auto");
}

static void test_others(void)
{
	static const char *const OTHERS[] = {"", "nft", "Auto", "iptables ", "iptables-nft"};

	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(*OTHERS); i++) {
		enum backend_choice found = BACKEND_CHOICE_COUNT;
		struct err err = {0};

		ASSERT_ROW(OTHERS[i], backend_choice_parse(OTHERS[i], &found, &err) == -EINVAL);
		ASSERT_ROW(OTHERS[i], found == BACKEND_CHOICE_COUNT);
	}
	struct err err = {0};
	enum backend_choice ignored;
	CU_ASSERT(backend_choice_parse("nft", &ignored, &err) < 0);
	ASSERT_TEXT("message", err.msg,
		    "'nft' is no backend: auto, iptables or nftables is expected");
}

static CU_TestInfo tests[] = {
	{"each name is that of its choice", test_names},
	{"others are refused", test_others},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/backend_choice", tests)
