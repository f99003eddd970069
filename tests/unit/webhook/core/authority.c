/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/authority.h"

#include "tests/unit/suite.h"

enum { DAY = 24 * 3600, HOUR = 3600 };

static const struct {
	const char *name;
	bool is_there, is_usable;
	time_t not_before, not_after, now;
	enum authority_action action;
	time_t made;
} AUTHORITY_ROWS[] = {
	{"no Secret", false, false, 0, 0, 50, AUTHORITY_CREATE, 0},
	{"nothing usable in it", true, false, 0, 0, 50, AUTHORITY_REPLACE, 0},
	{"new", true, true, 1000, 2000, 1000, AUTHORITY_KEEP, 0},
	{"more than a tenth left", true, true, 1000, 2000, 1899, AUTHORITY_KEEP, 0},
	{"a tenth left", true, true, 1000, 2000, 1900, AUTHORITY_REPLACE, 0},
	{"over", true, true, 1000, 2000, 2001, AUTHORITY_REPLACE, 0},
	{"of a clock that is ahead", true, true, 1000, 2000, 999, AUTHORITY_REPLACE, 0},
	{"our own, before its last 36.5 days", true, true, 0, 365 * DAY, 328 * DAY, AUTHORITY_KEEP,
	 0},
	{"our own, in its last 36.5 days", true, true, 0, 365 * DAY, 329 * DAY, AUTHORITY_REPLACE,
	 0},
	{"no Secret, just after we made one", false, false, 0, 0, 109, AUTHORITY_KEEP, 100},
	{"nothing usable, just after we made one", true, false, 0, 0, 100, AUTHORITY_KEEP, 100},
	{"no Secret, a while after we made one", false, false, 0, 0, 110, AUTHORITY_CREATE, 100},
	{"we made one, and the clock went back", true, false, 0, 0, 99, AUTHORITY_REPLACE, 100},
};

static void test_authority(void)
{
	for (size_t i = 0; i < sizeof(AUTHORITY_ROWS) / sizeof(*AUTHORITY_ROWS); i++) {
		const struct authority_state state = {
			AUTHORITY_ROWS[i].is_there,
			AUTHORITY_ROWS[i].is_usable,
			{AUTHORITY_ROWS[i].not_before, AUTHORITY_ROWS[i].not_after},
			AUTHORITY_ROWS[i].made,
		};

		ASSERT_ROW(AUTHORITY_ROWS[i].name,
			   authority_decide(&state, AUTHORITY_ROWS[i].now) ==
				   AUTHORITY_ROWS[i].action);
	}
}

static const struct {
	const char *name;
	bool is_there, is_of_authority;
	time_t trusted_since, now;
	bool should;
} LEAF_ROWS[] = {
	/* It lives from 0 to a day. */
	{"none", false, false, 0, HOUR, true},
	{"none, and the authority is trusted", false, false, 1, HOUR, true},
	{"new", true, true, 1, 0, false},
	{"more than a third left", true, true, 1, 16 * HOUR - 1, false},
	{"a third left", true, true, 1, 16 * HOUR, true},
	{"a third left, and the entries trust nobody", true, true, 0, 16 * HOUR, true},
	{"over", true, true, 1, DAY, true},
	{"before its time", true, true, 1, -1, true},
	{"of another, and the new one is not trusted", true, false, 0, HOUR, false},
	{"of another, a third left, and the new one is not trusted", true, false, 0, 16 * HOUR,
	 false},
	{"of another, and the new one is trusted only now", true, false, HOUR, HOUR, false},
	{"of another, and the new one is not trusted long enough", true, false, HOUR,
	 HOUR + AUTHORITY_SETTLE_SECONDS - 1, false},
	{"of another, and the new one is trusted long enough", true, false, HOUR,
	 HOUR + AUTHORITY_SETTLE_SECONDS, true},
	{"of another, and over", true, false, 0, DAY, true},
};

static void test_leaf(void)
{
	for (size_t i = 0; i < sizeof(LEAF_ROWS) / sizeof(*LEAF_ROWS); i++) {
		const struct leaf_state state = {
			.is_there = LEAF_ROWS[i].is_there,
			.is_of_authority = LEAF_ROWS[i].is_of_authority,
			.validity = {0, DAY},
			.trusted_since = LEAF_ROWS[i].trusted_since,
		};

		ASSERT_ROW(LEAF_ROWS[i].name,
			   leaf_should_be_issued(&state, LEAF_ROWS[i].now) == LEAF_ROWS[i].should);
	}
}

static CU_TestInfo tests[] = {
	{"when an authority is made and replaced", test_authority},
	{"when a serving certificate is issued", test_leaf},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/authority", tests)
