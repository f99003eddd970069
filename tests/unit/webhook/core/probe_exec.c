/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_exec.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define VOLUME "{'name':'sidewire-gate','image':{'reference':'gate:1','pullPolicy':'IfNotPresent'}}"
#define MOUNT "{'name':'sidewire-gate','mountPath':'/sidewire','readOnly':true}"
#define EXEC(port) "'exec':{'command':['/sidewire/sidewire-gate','--once','" port "']}"
#define POD(containers, volumes) "{'spec':{'containers':[" containers "]" volumes "}}"
#define BLIND "{'name':'a','livenessProbe':{'tcpSocket':{'port':80}}}"
#define SEEING "{'name':'a','livenessProbe':{" EXEC("80") "},'volumeMounts':[" MOUNT "]}"
#define WITH_VOLUME ",'volumes':[" VOLUME "]"
#define REFUSED                                                                       \
	"annotation 'sidewire.io/probes' is 'exec', but the tcpSocket livenessProbe " \
	"of container 'a' cannot become one: "

enum { YES = IMAGE_VOLUMES_YES, NO = IMAGE_VOLUMES_NO, UNKNOWN = IMAGE_VOLUMES_UNKNOWN };

static const struct {
	const char *name, *pod;
	int image_volumes;
	const char *image;
	bool is_demanded;
	const char *result; /* NULL: the pod itself, or the error */
	const char *error;
} ROWS[] = {
	{"a probe", POD(BLIND, ""), YES, "gate:1", false, POD(SEEING, WITH_VOLUME), ""},
	{"demanded, and nobody knows", POD(BLIND, ""), UNKNOWN, "gate:1", true,
	 POD(SEEING, WITH_VOLUME), ""},
	{"nobody knows", POD(BLIND, ""), UNKNOWN, "gate:1", false, NULL, ""},
	{"no image volumes", POD(BLIND, ""), NO, "gate:1", false, NULL, ""},
	{"demanded, and no image volumes", POD(BLIND, ""), NO, "gate:1", true, NULL,
	 REFUSED
	 "not every node of this cluster can mount image volumes (they need Kubernetes 1.35 "
	 "with containerd 2.1 or CRI-O 1.31)"},
	{"no image", POD(BLIND, ""), YES, NULL, false, NULL, ""},
	{"demanded, and no image", POD(BLIND, ""), YES, NULL, true, NULL,
	 REFUSED "this installation names no image that holds sidewire-gate"},
	{"another volume of the name", POD(BLIND, ",'volumes':[{'name':'sidewire-gate'}]"), YES,
	 "gate:1", false, NULL, ""},
	{"demanded, and another volume of the name",
	 POD(BLIND, ",'volumes':[{'name':'sidewire-gate'}]"), YES, "gate:1", true, NULL,
	 REFUSED "the pod has another volume of the name sidewire-gate"},
	{"a mount in the place",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'port':80}},'volumeMounts':[{'name':'v',"
	     "'mountPath':'/sidewire'}]}",
	     ""),
	 YES, "gate:1", false, NULL, ""},
	{"demanded, and a mount in the place",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'port':80}},'volumeMounts':[{'name':'v',"
	     "'mountPath':'/sidewire'}]}",
	     ""),
	 YES, "gate:1", true, NULL,
	 REFUSED "the container mounts a volume of its own at /sidewire"},
	{"a mount in the place in one of two",
	 POD("{'name':'b','livenessProbe':{'tcpSocket':{'port':80}},'volumeMounts':[{'name':'v',"
	     "'mountPath':'/sidewire'}]}," BLIND,
	     ""),
	 YES, "gate:1", false,
	 POD("{'name':'b','livenessProbe':{'tcpSocket':{'port':80}},'volumeMounts':[{'name':'v',"
	     "'mountPath':'/sidewire'}]}," SEEING,
	     WITH_VOLUME),
	 ""},
	{"mounts that are no list",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'port':80}},'volumeMounts':{}}", ""), YES,
	 "gate:1", false, NULL, "container 'a': 'volumeMounts' must be an array, found object"},
	{"mounts that are null",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'port':80}},'volumeMounts':null}", ""), YES,
	 "gate:1", false, POD(SEEING, WITH_VOLUME), ""},
	{"all that a probe has stays, one mount for three",
	 POD("{'name':'a','ports':[{'name':'web','containerPort':81}],'readinessProbe':{'tcpSocket'"
	     ":"
	     "{'port':'web'},'timeoutSeconds':3},'livenessProbe':{'periodSeconds':7,'tcpSocket':{"
	     "'port':80}},'startupProbe':{'tcpSocket':{'port':82},'failureThreshold':9},"
	     "'volumeMounts':[{'name':'v','mountPath':'/v'}]}",
	     ",'volumes':[{'name':'v'}]"),
	 YES, "gate:1", false,
	 POD("{'name':'a','ports':[{'name':'web','containerPort':81}],'readinessProbe':{"
	     "'timeoutSeconds':3," EXEC("81") "},'livenessProbe':{'periodSeconds':7," EXEC(
		     "80") "},'startupProbe':{'failureThreshold':9," EXEC("82") "},'volumeMounts':["
										"{"
										"'name':'v','"
										"mountPath':'/"
										"v'}," MOUNT "]}",
	     ",'volumes':[{'name':'v'}," VOLUME "]"),
	 ""},
	{"the volume is there", POD(BLIND, WITH_VOLUME), YES, "gate:1", false,
	 POD(SEEING, WITH_VOLUME), ""},
	{"others are not touched",
	 POD("{'name':'a','readinessProbe':{'httpGet':{'port':80}},'livenessProbe':{'grpc':{'port':"
	     "80}},'startupProbe':{'exec':{}},'lifecycle':{'preStop':{'tcpSocket':{'port':80}}}}",
	     ""),
	 YES, "gate:1", true, NULL, ""},
	{"a port that is not captured",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'port':443}}}", ""), YES, "gate:1", true,
	 NULL, ""},
	{"another host",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'port':80,'host':'b'}}}", ""), YES,
	 "gate:1", true, NULL, ""},
	{"the profile's container",
	 POD("{'name':'proxy','livenessProbe':{'tcpSocket':{'port':80}}}", ""), YES, "gate:1", true,
	 NULL, ""},
};
enum { ROW_COUNT = sizeof(ROWS) / sizeof(*ROWS) };

static struct range included = {80, 442};

static int apply(size_t row, json_t *pod, json_t **ret_pod, struct err *err)
{
	const struct redirect_spec spec = {.include_inbound_ports = {&included, 1}};
	json_auto_t *overlay = quoted_json(POD("{'name':'proxy'}", ""));
	const struct probe_exec_request request = {overlay, &spec, ROWS[row].image,
						   (enum image_volumes)ROWS[row].image_volumes,
						   ROWS[row].is_demanded};

	return probe_exec_apply(pod, &request, ret_pod, err);
}

static void test_apply(void)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		json_auto_t *untouched = json_deep_copy(pod);
		json_auto_t *result = NULL;
		json_auto_t *again = NULL;
		struct err err = {0};
		int r = apply(i, pod, &result, &err);

		ASSERT_ROW(ROWS[i].name, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].name, err.msg, ROWS[i].error);
		ASSERT_ROW(ROWS[i].name, json_equal(pod, untouched));
		if (r < 0)
			continue;
		CLEANUP(freep) char *found = quoted_json_text(result);
		ASSERT_ROW(ROWS[i].name, (result == pod) == (ROWS[i].result == NULL));
		ASSERT_TEXT(ROWS[i].name, found,
			    ROWS[i].result != NULL ? ROWS[i].result : ROWS[i].pod);
		ASSERT_ROW(ROWS[i].name, apply(i, result, &again, &err) == 0);
		ASSERT_ROW(ROWS[i].name, again == result);
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	static const struct redirect_spec SPEC = {.include_inbound_ports = {&included, 1}};
	json_t *const *pods = (json_t *const *)input; /* the pod, and the overlay */
	const struct probe_exec_request request = {pods[1], &SPEC, "gate:1", IMAGE_VOLUMES_YES,
						   true};
	json_auto_t *result = NULL;
	int r = probe_exec_apply(pods[0], &request, &result, err);

	return r == 0 ? alloc_fail_outcome(result, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	json_auto_t *pod = quoted_json(POD(BLIND, ",'volumes':[{'name':'v'}]"));
	json_auto_t *overlay = quoted_json(POD("{'name':'proxy'}", ""));
	json_t *const pods[] = {pod, overlay};

	alloc_fail_sweep_outcome("a probe", make, pods);
}

static CU_TestInfo tests[] = {
	{"blind probes become exec probes, once", test_apply},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/probe_exec", tests)
