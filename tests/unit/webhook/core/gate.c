/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/gate.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define INIT(more) "{'spec':{'initContainers':[{'name':'proxy'" more "}]}}"
#define PROBE \
	",'startupProbe':{'tcpSocket':{'port':15999},'periodSeconds':1,'failureThreshold':600}"
#define MOUNT "{'name':'sidewire-gate','mountPath':'/sidewire','readOnly':true}"
#define POST_START "'postStart':{'exec':{'command':['/sidewire/sidewire-gate','--port','15999']}}"
#define VOLUME "{'name':'sidewire-gate','image':{'reference':'gate:1','pullPolicy':'IfNotPresent'}}"

static const struct {
	const char *name, *pod;
	enum gate gate;
	const char *image, *result, *error;
} ROWS[] = {
	{"none", INIT(""), GATE_NONE, "gate:1", INIT(""), ""},
	{"probe", INIT(""), GATE_PROBE, NULL, INIT(PROBE), ""},
	{"probe on a container of the other list", "{'spec':{'containers':[{'name':'proxy'}]}}",
	 GATE_PROBE, NULL, "{'spec':{'containers':[{'name':'proxy'" PROBE "}]}}", ""},
	{"a probe of its own stays", INIT(",'startupProbe':{'exec':{}}"), GATE_PROBE, NULL,
	 INIT(",'startupProbe':{'exec':{}}"), ""},
	{"other probes do not matter", INIT(",'readinessProbe':{'exec':{}}"), GATE_PROBE, NULL,
	 INIT(",'readinessProbe':{'exec':{}}" PROBE), ""},
	{"exec", INIT(""), GATE_EXEC, "gate:1",
	 "{'spec':{'initContainers':[{'name':'proxy','volumeMounts':[" MOUNT
	 "],'lifecycle':{" POST_START "}}],'volumes':[" VOLUME "]}}",
	 ""},
	{"exec beside mounts, preStop and startupProbe of its own",
	 "{'spec':{'initContainers':[{'name':'proxy','volumeMounts':[{'name':'a','mountPath':'/"
	 "a'}],"
	 "'lifecycle':{'preStop':{}},'startupProbe':{}}],'volumes':[{'name':'a'}]}}",
	 GATE_EXEC, "gate:1",
	 "{'spec':{'initContainers':[{'name':'proxy','volumeMounts':[{'name':'a','mountPath':'/"
	 "a'}," MOUNT "],'lifecycle':{'preStop':{}," POST_START
	 "},'startupProbe':{}}],'volumes':[{'name':"
	 "'a'}," VOLUME "]}}",
	 ""},
	{"a postStart of its own stays", INIT(",'lifecycle':{'postStart':{'exec':{}}}"), GATE_EXEC,
	 "gate:1", INIT(",'lifecycle':{'postStart':{'exec':{}}}"), ""},
	{"exec without an image", INIT(""), GATE_EXEC, NULL, NULL,
	 "the gate exec needs an image that holds sidewire-gate, and this installation names none: "
	 "annotate the pod with sidewire.io/gate: probe"},
	{"exec, and its volume is taken",
	 "{'spec':{'initContainers':[{'name':'proxy'}],'volumes':[{'name':'sidewire-gate'}]}}",
	 GATE_EXEC, "gate:1", NULL,
	 "volume 'sidewire-gate' of the pod (no source) is not the volume 'sidewire-gate' of the "
	 "profile (image): rename the pod's"},
	{"exec, and its place is taken",
	 INIT(",'volumeMounts':[{'name':'a','mountPath':'/sidewire/'}]"), GATE_EXEC, "gate:1", NULL,
	 "container 'proxy' mounts a volume of its own at /sidewire, where the gate exec needs "
	 "that "
	 "of its image: mount it elsewhere"},
	{"the container is gone", "{'spec':{}}", GATE_PROBE, NULL, "{'spec':{}}", ""},
};

static void test_apply(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct gate_request request = {ROWS[i].gate, 15999, "proxy", ROWS[i].image};
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		json_auto_t *result = NULL;
		json_auto_t *again = NULL;
		struct err err = {0};
		int r = gate_apply(pod, &request, &result, &err);
		CLEANUP(freep) char *found = quoted_json_text(result);

		ASSERT_ROW(ROWS[i].name, r == (ROWS[i].result != NULL ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].name, err.msg, ROWS[i].error);
		ASSERT_TEXT(ROWS[i].name, found,
			    ROWS[i].result != NULL ? ROWS[i].result : "(nothing)");
		if (r < 0)
			continue;
		ASSERT_ROW(ROWS[i].name, gate_apply(result, &request, &again, &err) == 0);
		ASSERT_ROW(ROWS[i].name, again == result);
	}
}

static const struct {
	const char *name, *pod, *overlay;
	enum gate gate;
	const char *obstacle; /* NULL: none */
} OBSTACLES[] = {
	{"no such container", "{'spec':{}}", INIT(""), GATE_PROBE, NULL},
	{"nothing in the way", INIT(",'readinessProbe':{}"), INIT(""), GATE_PROBE, NULL},
	{"a probe of the user's", INIT(",'startupProbe':{'exec':{}}"), INIT(""), GATE_PROBE,
	 "startupProbe"},
	{"at another port", INIT(",'startupProbe':{'tcpSocket':{'port':80}}"), INIT(""), GATE_PROBE,
	 "startupProbe"},
	{"the gate itself", INIT(PROBE), INIT(""), GATE_PROBE, NULL},
	{"the profile has one", INIT(",'startupProbe':{'exec':{}}"),
	 INIT(",'startupProbe':{'exec':{}}"), GATE_PROBE, NULL},
	{"no gate at all", INIT(",'startupProbe':{'exec':{}}"), INIT(""), GATE_NONE, NULL},
	{"a handler does not stop a probe", INIT(",'lifecycle':{'postStart':{'exec':{}}}"),
	 INIT(""), GATE_PROBE, NULL},
	{"a handler of the user's", INIT(",'lifecycle':{'postStart':{'exec':{'command':['x']}}}"),
	 INIT(""), GATE_EXEC, "postStart"},
	{"the gate's handler", INIT(",'lifecycle':{" POST_START "}"), INIT(""), GATE_EXEC, NULL},
};

static void test_obstacles(void)
{
	for (size_t i = 0; i < sizeof(OBSTACLES) / sizeof(*OBSTACLES); i++) {
		const struct gate_request request = {OBSTACLES[i].gate, 15999, "proxy", NULL};
		json_auto_t *pod = quoted_json(OBSTACLES[i].pod);
		json_auto_t *overlay = quoted_json(OBSTACLES[i].overlay);
		const char *found = gate_obstacle(pod, overlay, &request);

		ASSERT_TEXT(OBSTACLES[i].name, found != NULL ? found : "(none)",
			    OBSTACLES[i].obstacle != NULL ? OBSTACLES[i].obstacle : "(none)");
	}
}

static CU_TestInfo tests[] = {
	{"what keeps the gate out", test_obstacles},
	{"the gate is put in once, unless there is one", test_apply},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/gate", tests)
