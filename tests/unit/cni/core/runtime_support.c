/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/runtime_support.h"

#include <string.h>

#include "tests/unit/suite.h"

static const struct {
	const char *version;
	enum runtime_support support;
} ROWS[] = {
	{"containerd://1.5.0", RUNTIME_SUPPORT_YES},
	{"containerd://1.5", RUNTIME_SUPPORT_YES},
	{"containerd://v1.7.24", RUNTIME_SUPPORT_YES},
	{"containerd://1.10.0", RUNTIME_SUPPORT_YES},
	{"containerd://2.0.4-k3s2", RUNTIME_SUPPORT_YES},
	{"containerd://2.4.2+unknown", RUNTIME_SUPPORT_YES},
	{"containerd://1.4.13", RUNTIME_SUPPORT_NO},
	{"containerd://0.9.0", RUNTIME_SUPPORT_NO},
	{"cri-o://1.29.0", RUNTIME_SUPPORT_YES},
	{"cri-o://1.33.1-2.rhaos4.20", RUNTIME_SUPPORT_YES},
	{"cri-o://1.28.11", RUNTIME_SUPPORT_NO},
	{"cri-o://1.5.0", RUNTIME_SUPPORT_NO},
	{"docker://25.0.3", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd://unknown", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd://1", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd://1.", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd://.5", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd://v", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd://", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd://99999999999.1", RUNTIME_SUPPORT_UNKNOWN},
	{"containerd", RUNTIME_SUPPORT_UNKNOWN},
	{"", RUNTIME_SUPPORT_UNKNOWN},
};

static void test_versions(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct err reason = {0};

		ASSERT_ROW(ROWS[i].version,
			   runtime_support_of(ROWS[i].version, &reason) == ROWS[i].support);
		ASSERT_ROW(ROWS[i].version,
			   (reason.code == 0) == (ROWS[i].support == RUNTIME_SUPPORT_YES));
		ASSERT_ROW(ROWS[i].version,
			   reason.code == 0 || strstr(reason.msg, ROWS[i].version) != NULL);
	}
}

static CU_TestInfo tests[] = {{"versions", test_versions}, CU_TEST_INFO_NULL};
SUITE("cni/core/runtime_support", tests)
