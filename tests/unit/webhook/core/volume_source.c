/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/volume_source.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define NOT_THE_SAME(pods, overlays)                                                       \
	"volume 'v' of the pod (" pods ") is not the volume 'v' of the profile (" overlays \
	"): rename the pod's"

static const struct {
	const char *pods, *overlays, *error;
} ROWS[] = {
	{"{'name': 'v', 'emptyDir': {}}", "{'name': 'v', 'emptyDir': {}}", ""},
	{"{'name': 'v', 'configMap': {'name': 'c', 'defaultMode': 420}}",
	 "{'name': 'v', 'configMap': {'name': 'c'}}", ""},
	{"{'name': 'v', 'configMap': {'name': 'c', 'defaultMode': 420}}",
	 "{'name': 'v', 'configMap': {'name': 'c', 'defaultMode': null, 'optional': null}}", ""},
	{"{'name': 'v', 'emptyDir': {'sizeLimit': '1Gi'}}",
	 "{'name': 'v', 'emptyDir': {'sizeLimit': '1024Mi'}}", ""},
	{"{'name': 'v', 'downwardAPI': {'items': [{'resourceFieldRef': {'divisor': '1'}}]}}",
	 "{'name': 'v', 'downwardAPI': {'items': [{'resourceFieldRef': {'divisor': 1}}]}}", ""},
	{"{'name': 'v', 'configMap': {'name': 'c'}}", "{'name': 'v', 'emptyDir': {}}",
	 NOT_THE_SAME("configMap", "emptyDir")},
	{"{'name': 'v', 'configMap': {'name': 'c'}}", "{'name': 'v', 'configMap': {'name': 'd'}}",
	 NOT_THE_SAME("configMap", "configMap")},
	{"{'name': 'v', 'emptyDir': {}}", "{'name': 'v', 'emptyDir': {'medium': 'Memory'}}",
	 NOT_THE_SAME("emptyDir", "emptyDir")},
	{"{'name': 'v'}", "{'name': 'v', 'emptyDir': {}}", NOT_THE_SAME("no source", "emptyDir")},
	{"{'emptyDir': 7, 'name': 'v'}", "{'name': 'v', 'emptyDir': {}}",
	 NOT_THE_SAME("emptyDir", "emptyDir")},
	{"{'name': 'v', 'projected': {'sources': [1, 2]}}",
	 "{'name': 'v', 'projected': {'sources': [1]}}", NOT_THE_SAME("projected", "projected")},
	{"{'name': 'v', 'projected': {'sources': [{'a': 1}]}}",
	 "{'name': 'v', 'projected': {'sources': [{'a': 2}]}}",
	 NOT_THE_SAME("projected", "projected")},
};

static void test_check(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pods = quoted_json(ROWS[i].pods);
		json_auto_t *overlays = quoted_json(ROWS[i].overlays);
		struct err err = {0};
		int r = volume_source_check(pods, overlays, &err);

		ASSERT_ROW(ROWS[i].overlays, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].overlays, err.msg, ROWS[i].error);
	}
}

static CU_TestInfo tests[] = {
	{"a volume is the same when all that the overlay says is so", test_check},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/volume_source", tests)
