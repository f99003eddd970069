/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/container_identity.h"

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

enum { NONE = -1 };

/* The contexts of pod and container, who it says to be, and whether it may be one of 7 to 9. */
static const struct {
	const char *pod, *container;
	json_int_t id;
	bool may_be;
} ROWS[] = {
	{"{}", "{}", NONE, true},
	{"{'runAsUser': null}", "{'runAsUser': null}", NONE, true},
	{"{'runAsUser': '1'}", "{}", NONE, true},
	{"{'runAsGroup': 1}", "{'runAsGroup': 1}", NONE, true},
	{"{'runAsUser': 7}", "{}", 7, true},
	{"{'runAsUser': 7}", "{'runAsUser': null}", 7, true},
	{"{'runAsUser': 7}", "{'runAsUser': 6}", 6, false},
	{"{'runAsUser': 6}", "{'runAsUser': 9}", 9, true},
	{"{}", "{'runAsUser': 0}", 0, false},
	{"{}", "{'runAsUser': -8}", -8, false},
	{"{}", "{'runAsUser': 4294967304}", 4294967304, false}, /* 8, in 32 bits */
};

static void test_rows(void)
{
	struct range item = {7, 9};
	const struct range_list ids = {&item, 1};
	static const struct range_list NO_IDS;

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *of_pod = quoted_json(ROWS[i].pod);
		json_auto_t *of_container = quoted_json(ROWS[i].container);
		json_auto_t *pod = json_pack("{s:{s:O}}", "spec", "securityContext", of_pod);
		json_auto_t *container = json_pack("{s:O}", "securityContext", of_container);
		json_int_t id = NONE;

		ASSERT_ROW(ROWS[i].container, container_identity(pod, container, "runAsUser",
								 &id) == (ROWS[i].id != NONE));
		ASSERT_ROW(ROWS[i].container, id == ROWS[i].id);
		ASSERT_ROW(ROWS[i].container,
			   container_may_be(pod, container, "runAsUser", &ids) == ROWS[i].may_be);
		ASSERT_ROW(ROWS[i].container,
			   !container_may_be(pod, container, "runAsUser", &NO_IDS));
	}
}

/* The context of a container of a pod that says nothing, and what the sentence has of it. */
static const struct {
	const char *context, *expected;
} TEXTS[] = {
	{"{'runAsUser': 1}", "uid 1"},
	{"{'runAsGroup': 2}", "gid 2"},
	{"{'runAsUser': 1, 'runAsGroup': 2}", "uid 1 and gid 2"},
	{"{'runAsUser': -9223372036854775808, 'runAsGroup': -9223372036854775808}",
	 "uid -9223372036854775808 and gid -9223372036854775808"},
	{"{}", ""},
};

static void test_text(void)
{
	struct range item = {7, 9};
	const struct range_list ids = {&item, 1};
	static const struct range_list NO_IDS;
	char text[CONTAINER_IDENTITY_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
		json_auto_t *context = quoted_json(TEXTS[i].context);
		json_auto_t *container = json_pack("{s:O}", "securityContext", context);

		container_identity_text(NULL, container, &ids, &ids, text);
		ASSERT_TEXT(TEXTS[i].context, text, TEXTS[i].expected);
		container_identity_text(NULL, container, &NO_IDS, &NO_IDS, text);
		ASSERT_TEXT(TEXTS[i].context, text, "");
	}
}

static CU_TestInfo tests[] = {
	{"who a container says to be", test_rows},
	{"what a sentence has of it", test_text},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/container_identity", tests)
