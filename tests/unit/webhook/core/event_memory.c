/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/event_memory.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

static const struct review_event REFUSED = {
	.namespace_name = "shop",
	.kind = "ReplicaSet",
	.name = "web",
	.uid = "u",
	.why = "BadAnnotation",
};

static void test_the_same_is_given_once(void)
{
	struct event_memory memory = {0};

	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, 0), EVENT_IS_NEW);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, 0), EVENT_IS_REPEATED);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, EVENT_MEMORY_MS - 1),
			EVENT_IS_REPEATED);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, EVENT_MEMORY_MS), EVENT_IS_NEW);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, EVENT_MEMORY_MS), EVENT_IS_REPEATED);
}

static void test_what_differs_is_another(void)
{
	struct event_memory memory = {0};
	struct review_event others[5];

	for (size_t i = 0; i < 5; i++)
		others[i] = REFUSED;
	snprintf(others[0].namespace_name, sizeof(others[0].namespace_name), "other");
	snprintf(others[1].kind, sizeof(others[1].kind), "Job");
	snprintf(others[2].name, sizeof(others[2].name), "other");
	snprintf(others[3].uid, sizeof(others[3].uid), "other");
	others[4].why = "BadProfiles";
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, 5), EVENT_IS_NEW);
	for (size_t i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(event_memory_note(&memory, &others[i], 5), EVENT_IS_NEW);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, 5), EVENT_IS_REPEATED);
}

static void test_texts_do_not_run_together(void)
{
	struct event_memory memory = {0};
	struct review_event first = REFUSED, second = REFUSED;

	snprintf(first.name, sizeof(first.name), "ab");
	snprintf(first.uid, sizeof(first.uid), "c");
	snprintf(second.name, sizeof(second.name), "a");
	snprintf(second.uid, sizeof(second.uid), "bc");
	CU_ASSERT_EQUAL(event_memory_note(&memory, &first, 5), EVENT_IS_NEW);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &second, 5), EVENT_IS_NEW);
}

static void test_it_is_bounded(void)
{
	struct event_memory memory = {0};
	struct review_event event = REFUSED;

	for (int i = 0; i < EVENT_MEMORY_MAX; i++) {
		snprintf(event.uid, sizeof(event.uid), "%d", i);
		CU_ASSERT_EQUAL(event_memory_note(&memory, &event, i), EVENT_IS_NEW);
	}
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, EVENT_MEMORY_MAX), EVENT_IS_TOO_MUCH);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &event, EVENT_MEMORY_MAX), EVENT_IS_REPEATED);
	/* The first one is forgotten, and no other yet. */
	CU_ASSERT_EQUAL(event_memory_note(&memory, &REFUSED, EVENT_MEMORY_MS), EVENT_IS_NEW);
	CU_ASSERT_EQUAL(event_memory_note(&memory, &event, EVENT_MEMORY_MS), EVENT_IS_REPEATED);
}

static CU_TestInfo tests[] = {
	{"the same is given once", test_the_same_is_given_once},
	{"what differs is another", test_what_differs_is_another},
	{"texts do not run together", test_texts_do_not_run_together},
	{"it is bounded", test_it_is_bounded},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/event_memory", tests)
