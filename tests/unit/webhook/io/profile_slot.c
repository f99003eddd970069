/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/profile_slot.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"
#include "tests/unit/webhook/core/sample_profile.h"

static void put(struct profile_slot *slot)
{
	struct profile_set set = sample_set();
	struct err err = {0};

	CU_ASSERT_EQUAL(profile_slot_replace(slot, &set, &err), 0);
	CU_ASSERT(set.profiles == NULL && set.count == 0);
}

static void test_replace(void)
{
	CLEANUP(profile_slot_release) struct profile_slot slot;
	struct profile_report report;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_slot_init(&slot, &err), 0);
	CLEANUP(profile_snapshot_unrefp) struct profile_snapshot *nothing = profile_slot_get(&slot);
	CU_ASSERT_EQUAL(profile_snapshot_set(nothing)->count, 0);
	profile_slot_report(&slot, &report);
	CU_ASSERT(report.count == 0 && report.loaded_at == 0 && report.loads == 0);
	CU_ASSERT_EQUAL(strlen(report.hash), PROFILE_HASH_SIZE - 1);

	put(&slot);
	CLEANUP(profile_snapshot_unrefp) struct profile_snapshot *first = profile_slot_get(&slot);
	CLEANUP(profile_snapshot_unrefp) struct profile_snapshot *again = profile_slot_get(&slot);
	CU_ASSERT_PTR_EQUAL(first, again);
	put(&slot);
	CLEANUP(profile_snapshot_unrefp) struct profile_snapshot *second = profile_slot_get(&slot);
	CU_ASSERT_PTR_NOT_EQUAL(first, second);
	/* Who began with the one before still has all of it. */
	CU_ASSERT_EQUAL(profile_snapshot_set(nothing)->count, 0);
	CU_ASSERT_PTR_NOT_NULL(profile_set_find(profile_snapshot_set(first), "proxy", 5));
	profile_slot_report(&slot, &report);
	CU_ASSERT(report.count == 4 && report.loads == 2 && report.failed_loads == 0);
	CU_ASSERT(report.loaded_at > 0);
}

static void test_fail(void)
{
	CLEANUP(profile_slot_release) struct profile_slot slot;
	struct profile_report report;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(profile_slot_init(&slot, &err), 0);
	put(&slot);
	profile_slot_fail(&slot, "a.yaml: line 1");
	profile_slot_report(&slot, &report);
	CU_ASSERT(report.count == 4 && report.loads == 1 && report.failed_loads == 1);
	CU_ASSERT_STRING_EQUAL(report.trouble, "a.yaml: line 1");
	put(&slot);
	profile_slot_report(&slot, &report);
	CU_ASSERT_STRING_EQUAL(report.trouble, "");
}

/* The slot, while a set is put into it. */
static int attempt(const void *input, struct err *err)
{
	CLEANUP(profile_slot_release) struct profile_slot slot = {0};
	struct profile_set nothing = {0};
	int r = profile_slot_init(&slot, err);

	(void)input;
	return r == 0 ? profile_slot_replace(&slot, &nothing, err) : r;
}

static void test_out_of_memory(void)
{
	alloc_fail_sweep("slot", attempt, NULL);
}

static CU_TestInfo tests[] = {
	{"who holds a set keeps it while others are put in force", test_replace},
	{"what failed is told, and the set in force stays", test_fail},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/profile_slot", tests)
