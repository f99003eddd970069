/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/gate_volume.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define OURS "{'name':'sidewire-gate','mountPath':'/sidewire','readOnly':true}"
#define OTHER(path) "{'name':'data','mountPath':'" path "'}"
#define VOLUME "{'name':'sidewire-gate','image':{'reference':'gate:1','pullPolicy':'IfNotPresent'}}"

static const struct {
	const char *mounts;
	bool is_mounted, is_taken;
} MOUNTS[] = {
	{"[]", false, false},
	{"[" OURS "]", true, false},
	{"[" OTHER("/data") "," OURS "]", true, false},
	{"[" OTHER("/sidewire") "]", false, true},
	{"[" OTHER("/sidewire/") "]", false, true},
	{"[" OTHER("//sidewire") "]", false, true},
	{"[" OTHER("sidewire") "]", false, true},
	{"[" OTHER("/sidewire/data") "]", false, true},
	{"[" OTHER("/sidewires") "]", false, false},
	{"[" OTHER("/data/sidewire") "]", false, false},
	{"[" OURS "," OTHER("/sidewire/data") "]", true, true},
	{"[{'name':'sidewire-gate','mountPath':'/sidewire','subPath':'x'}]", false, true},
	{"[{'name':'sidewire-gate','mountPath':'/elsewhere'}]", false, false},
	{"[{'mountPath':'/sidewire'}]", false, true},
	{"[7]", false, false},
	{"{}", false, false},
};

static void test_mounts(void)
{
	for (size_t i = 0; i < sizeof(MOUNTS) / sizeof(*MOUNTS); i++) {
		json_auto_t *mounts = quoted_json(MOUNTS[i].mounts);
		json_auto_t *container = json_pack("{s:O}", "volumeMounts", mounts);

		ASSERT_ROW(MOUNTS[i].mounts,
			   gate_volume_is_mounted(container) == MOUNTS[i].is_mounted);
		ASSERT_ROW(MOUNTS[i].mounts,
			   gate_volume_is_path_taken(container) == MOUNTS[i].is_taken);
	}
}

static void test_new_is_recognised(void)
{
	json_auto_t *container = json_pack("{s:[o]}", "volumeMounts", gate_volume_mount_new());

	CU_ASSERT_TRUE(gate_volume_is_mounted(container));
	CU_ASSERT_FALSE(gate_volume_is_path_taken(container));
}

static const struct {
	const char *name, *pod, *result, *error;
} VOLUMES[] = {
	{"no volumes", "{'spec':{}}", "{'spec':{'volumes':[" VOLUME "]}}", ""},
	{"beside others", "{'spec':{'volumes':[{'name':'a'}]}}",
	 "{'spec':{'volumes':[{'name':'a'}," VOLUME "]}}", ""},
	{"it is there", "{'spec':{'volumes':[" VOLUME "]}}", "{'spec':{'volumes':[" VOLUME "]}}",
	 ""},
	{"another source", "{'spec':{'volumes':[{'name':'sidewire-gate','emptyDir':{}}]}}", NULL,
	 "volume 'sidewire-gate' of the pod (emptyDir) is not the volume 'sidewire-gate' of the "
	 "profile (image): rename the pod's"},
	{"another image",
	 "{'spec':{'volumes':[{'name':'sidewire-gate','image':{'reference':'gate:2','pullPolicy':"
	 "'IfNotPresent'}}]}}",
	 NULL,
	 "volume 'sidewire-gate' of the pod (image) is not the volume 'sidewire-gate' of the "
	 "profile (image): rename the pod's"},
};

static void test_add(void)
{
	for (size_t i = 0; i < sizeof(VOLUMES) / sizeof(*VOLUMES); i++) {
		json_auto_t *pod = quoted_json(VOLUMES[i].pod);
		json_auto_t *result = NULL;
		json_auto_t *again = NULL;
		struct err err = {0};
		int r = gate_volume_add(pod, "gate:1", &result, &err);
		CLEANUP(freep) char *found = quoted_json_text(result);

		ASSERT_ROW(VOLUMES[i].name, r == (VOLUMES[i].result != NULL ? 0 : -EINVAL));
		ASSERT_TEXT(VOLUMES[i].name, err.msg, VOLUMES[i].error);
		ASSERT_TEXT(VOLUMES[i].name, found,
			    VOLUMES[i].result != NULL ? VOLUMES[i].result : "(nothing)");
		if (r < 0)
			continue;
		ASSERT_ROW(VOLUMES[i].name, gate_volume_add(result, "gate:1", &again, &err) == 0);
		ASSERT_ROW(VOLUMES[i].name, again == result);
	}
}

static CU_TestInfo tests[] = {
	{"mounts, and what stands in their place", test_mounts},
	{"what is made is recognised", test_new_is_recognised},
	{"the volume is added once", test_add},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/gate_volume", tests)
