/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/put_back_pace.h"

#include "tests/unit/suite.h"

enum { START_MS = 1000000 };

/* What follows when whoever takes it away does so at once, each time. */
static void test_fight(void)
{
	static const int64_t PAUSES_MS[] = {0,     0,     0,     0,     0,     1000,  2000,
					    4000,  8000,  16000, 32000, 60000, 60000, 60000,
					    60000, 60000, 60000, 60000, 60000};
	struct put_back_pace pace = {0};
	int64_t now_ms = START_MS;

	for (size_t i = 0; i < sizeof(PAUSES_MS) / sizeof(*PAUSES_MS); i++) {
		CU_ASSERT_EQUAL(put_back_wait_ms(&pace, now_ms), PAUSES_MS[i]);
		CU_ASSERT_EQUAL(put_back_is_fight(&pace, now_ms), i >= PUT_BACK_FREE);
		now_ms += PAUSES_MS[i];
		CU_ASSERT_EQUAL(put_back_wait_ms(&pace, now_ms), 0);
		put_back_note(&pace, now_ms);
	}
}

/* What is put back now and then is no fight, and a fight is forgotten. */
static void test_peace(void)
{
	struct put_back_pace pace = {0};
	int64_t now_ms = START_MS;

	for (int i = 0; i < 100; i++) {
		now_ms += PUT_BACK_WINDOW_MS / PUT_BACK_FREE + 1;
		CU_ASSERT_EQUAL(put_back_wait_ms(&pace, now_ms), 0);
		CU_ASSERT(!put_back_is_fight(&pace, now_ms));
		put_back_note(&pace, now_ms);
	}
	for (int i = 0; i < 100; i++)
		put_back_note(&pace, now_ms);
	CU_ASSERT(put_back_is_fight(&pace, now_ms + PUT_BACK_WINDOW_MS - 1));
	CU_ASSERT(!put_back_is_fight(&pace, now_ms + PUT_BACK_WINDOW_MS));
	CU_ASSERT_EQUAL(put_back_wait_ms(&pace, now_ms), PUT_BACK_PAUSE_MS_MAX);
	CU_ASSERT_EQUAL(put_back_wait_ms(&pace, now_ms + PUT_BACK_WINDOW_MS), 0);
}

static CU_TestInfo tests[] = {{"fight", test_fight}, {"peace", test_peace}, CU_TEST_INFO_NULL};
SUITE("cni/core/put_back_pace", tests)
