/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/version.h"

#include "tests/unit/suite.h"

static const struct {
	const char *text;
	bool is_version;
	uint32_t major, minor;
} ROWS[] = {
	{"1.7", true, 1, 7},        {"v1.35.0", true, 1, 35},
	{"2.1.0-rc.1", true, 2, 1}, {"v1.36.2-gke.1+abc", true, 1, 36},
	{"1.30foo", true, 1, 30},   {"10.0", true, 10, 0},
	{"", false, 0, 0},          {"v", false, 0, 0},
	{"1", false, 0, 0},         {"1.", false, 0, 0},
	{".1", false, 0, 0},        {"1.x", false, 0, 0},
	{"1x5", false, 0, 0},       {"vv1.2", false, 0, 0},
	{"-1.2", false, 0, 0},      {"4294967296.1", false, 0, 0},
};

static void test_read(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct version version = {0, 0};

		ASSERT_ROW(ROWS[i].text,
			   version_read(ROWS[i].text, &version) == ROWS[i].is_version);
		ASSERT_ROW(ROWS[i].text, version.major == ROWS[i].major);
		ASSERT_ROW(ROWS[i].text, version.minor == ROWS[i].minor);
	}
}

static void test_is_since(void)
{
	const struct version other = {2, 1};

	CU_ASSERT_TRUE(version_is_since(&(struct version){2, 1}, &other));
	CU_ASSERT_TRUE(version_is_since(&(struct version){2, 2}, &other));
	CU_ASSERT_TRUE(version_is_since(&(struct version){3, 0}, &other));
	CU_ASSERT_FALSE(version_is_since(&(struct version){2, 0}, &other));
	CU_ASSERT_FALSE(version_is_since(&(struct version){1, 9}, &other));
}

static CU_TestInfo tests[] = {
	{"what is a version", test_read},
	{"which is later", test_is_since},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/version", tests)
