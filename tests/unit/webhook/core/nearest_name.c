/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/nearest_name.h"

#include <string.h>

#include "tests/unit/suite.h"

static const char *const KNOWN[] = {"exclude-uids", "exclude-gids", "include-inbound-ports", "gate",
				    "image"};

static const struct {
	const char *wanted, *found;
} ROWS[] = {
	{"exclude-uid", "exclude-uids"},
	{"exclude-uuids", "exclude-uids"},
	{"exclude-xids", "exclude-uids"},
	{"exclude-gid", "exclude-gids"},
	{"include-inbuond-port", "include-inbound-ports"},
	{"gates", "gate"},
	{"gat", "gate"},
	{"mage", "image"},
	{"gate", "gate"},
	{"ga", "gate"},
	{"g", NULL},
	{"", NULL},
	{"exclude-everything", NULL},
	{"include-inbound-ports-"
	 "0123456789012345678901234567890123456789012345678901234567890123456789"
	 "01234567",
	 NULL},
};

static void test_nearest(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct nearest_name nearest = {.wanted = ROWS[i].wanted};

		for (size_t j = 0; j < sizeof(KNOWN) / sizeof(*KNOWN); j++)
			nearest_name_consider(&nearest, KNOWN[j]);
		ASSERT_TEXT(ROWS[i].wanted, nearest.found != NULL ? nearest.found : "(nobody)",
			    ROWS[i].found != NULL ? ROWS[i].found : "(nobody)");
	}
}

static CU_TestInfo tests[] = {
	{"a misspelt name is near to one that was meant", test_nearest},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/nearest_name", tests)
