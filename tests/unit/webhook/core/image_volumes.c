/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/image_volumes.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/suite.h"

static const struct {
	const char *kubelet, *runtime;
	enum image_volumes answer;
} ROWS[] = {
	{"v1.35.0", "containerd://2.1.0", IMAGE_VOLUMES_YES},
	{"v1.35.0", "cri-o://1.31.0", IMAGE_VOLUMES_YES},
	{"v1.36.1-gke.1", "containerd://v3.0.0-rc.1", IMAGE_VOLUMES_YES},
	{"v1.34.9", "containerd://2.1.0", IMAGE_VOLUMES_NO},
	{"v1.35.0", "containerd://2.0.7", IMAGE_VOLUMES_NO},
	{"v1.35.0", "cri-o://1.30.9", IMAGE_VOLUMES_NO},
	{"v1.35.0", "docker://29.0.0", IMAGE_VOLUMES_UNKNOWN},
	{"v1.34.0", "docker://29.0.0", IMAGE_VOLUMES_NO},
	{"", "containerd://2.1.0", IMAGE_VOLUMES_UNKNOWN},
	{"v1.35.0", "", IMAGE_VOLUMES_UNKNOWN},
	{"", "containerd://1.7.2", IMAGE_VOLUMES_NO},
};

static void test_versions(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		char row[80];

		snprintf(row, sizeof(row), "'%s' '%s'", ROWS[i].kubelet, ROWS[i].runtime);
		ASSERT_ROW(row, image_volumes_of_node(ROWS[i].kubelet, ROWS[i].runtime) ==
					ROWS[i].answer);
	}
}

static void test_names(void)
{
	enum image_volumes answer = IMAGE_VOLUMES_UNKNOWN;
	struct err err = {0};

	CU_ASSERT_EQUAL(image_volumes_parse("unknown", &answer, &err), -EINVAL);
	ASSERT_TEXT("message", err.msg, "'unknown' is not yes or no");
	CU_ASSERT_EQUAL(answer, IMAGE_VOLUMES_UNKNOWN);
	CU_ASSERT_EQUAL(image_volumes_parse("yes", &answer, &err), 0);
	CU_ASSERT_EQUAL(answer, IMAGE_VOLUMES_YES);
	CU_ASSERT_EQUAL(image_volumes_parse("no", &answer, &err), 0);
	CU_ASSERT_EQUAL(answer, IMAGE_VOLUMES_NO);
	CU_ASSERT_STRING_EQUAL(image_volumes_name(IMAGE_VOLUMES_YES), "yes");
	CU_ASSERT_STRING_EQUAL(image_volumes_name(IMAGE_VOLUMES_UNKNOWN), "unknown");
}

static CU_TestInfo tests[] = {
	{"which versions can", test_versions},
	{"the answers' names", test_names},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/image_volumes", tests)
