/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/overlay_check.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define STAYS(directive) \
	": an overlay must not have '" directive "' here: what the pod has of this stays"

#define ADDS_NOTHING                                                                   \
	": '$patch: replace' adds nothing to a pod that has no such object: name the " \
	"members that are to stay by '$retainKeys' instead"

static const struct {
	const char *name, *overlay, *message; /* "" for a good one */
} ROWS[] = {
	{"empty", "{}", ""},
	{"directives of elements",
	 "{'spec':{'containers':[{'$patch':'delete','name':'a'},{'name':'b'}],"
	 "'volumes':[{'$patch':'delete','name':'a'}],'hostAliases':[{'$patch':'replace'}]}}",
	 ""},
	{"directives inside of what merges",
	 "{'spec':{'securityContext':{'$patch':'delete'},'affinity':{'$retainKeys':[]},"
	 "'topologySpreadConstraints':"
	 "[{'topologyKey':'a','$retainKeys':['topologyKey'],'labelSelector':{'$patch':'delete'}}]}"
	 "}",
	 ""},
	{"a port twice",
	 "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':53},"
	 "{'containerPort':53,'protocol':'UDP'}]}]}}",
	 ""},
	{"deleted and set", "{'spec':{'hostAliases':[{'$patch':'delete','ip':'a'},{'ip':'a'}]}}",
	 ""},
	{"labels", "{'metadata':{'labels':{'$patch':'replace'}}}",
	 "metadata.labels" STAYS("$patch")},
	{"metadata", "{'metadata':{'$retainKeys':[]}}", "metadata" STAYS("$retainKeys")},
	{"spec", "{'spec':{'$patch':'replace'}}", "spec" STAYS("$patch")},
	{"a container's own",
	 "{'spec':{'containers':[{'name':'a'},{'name':'b','$retainKeys':"
	 "['name']}]}}",
	 "spec.containers[1]" STAYS("$retainKeys")},
	{"inside of an init container",
	 "{'spec':{'initContainers':[{'name':'a','env':[{'name':'X','$patch':'delete'}]}]}}",
	 "spec.initContainers[0].env[0]" STAYS("$patch")},
	{"inside of a volume",
	 "{'spec':{'volumes':[{'name':'a','emptyDir':{'$patch':'replace'}}]}}",
	 "spec.volumes[0].emptyDir" STAYS("$patch")},
	{"an object that is replaced", "{'spec':{'a':{'b':{'c':1,'$patch':'replace'}}}}",
	 "spec.a.b" ADDS_NOTHING},
	{"an object in an element that is replaced",
	 "{'spec':{'topologySpreadConstraints':[{'topologyKey':'a'},{'topologyKey':'b',"
	 "'labelSelector':{'$patch':'replace'}}]}}",
	 "spec.topologySpreadConstraints[1].labelSelector" ADDS_NOTHING},
	{"ephemeral containers", "{'spec':{'ephemeralContainers':{'env':[]}}}",
	 "spec.ephemeralContainers: no pod can be created with ephemeral containers"},
	{"a key twice", "{'spec':{'hostAliases':[{'ip':'a'},{'ip':'b'},{'ip':'a'}]}}",
	 "spec.hostAliases[2]: there is another one with this 'ip'"},
};

static void test_check(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *overlay = quoted_json(ROWS[i].overlay);
		struct err err = {0};

		ASSERT_ROW(ROWS[i].name, overlay_check(overlay, &err) ==
						 (*ROWS[i].message == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].name, err.msg, ROWS[i].message);
	}
}

static CU_TestInfo tests[] = {
	{"what an overlay may not say", test_check},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/overlay_check", tests)
