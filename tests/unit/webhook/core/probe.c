/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define POD(containers) "{'spec':{'containers':[" containers "]}}"
#define PROBE(kind, port) "'" kind "':{'tcpSocket':{'port':" port "}}"

/* Captured are 80 to 8080 without 443. */
static const struct {
	const char *name, *pod;
	const char *container, *member; /* NULL: no probe is blind */
} ROWS[] = {
	{"no probes", POD("{'name':'a'}"), NULL, NULL},
	{"other kinds of probes",
	 POD("{'name':'a','readinessProbe':{'httpGet':{'port':80}},'livenessProbe':{'exec':{}},"
	     "'startupProbe':{'grpc':{'port':80}}}"),
	 NULL, NULL},
	{"readiness", POD("{'name':'a'," PROBE("readinessProbe", "80") "}"), "a", "readinessProbe"},
	{"liveness", POD("{'name':'a'," PROBE("livenessProbe", "80") "}"), "a", "livenessProbe"},
	{"startup, in the second container",
	 POD("{'name':'a'},{'name':'b'," PROBE("startupProbe", "80") "}"), "b", "startupProbe"},
	{"a native sidecar's",
	 "{'spec':{'initContainers':[{'name':'i'," PROBE("livenessProbe", "80") "}]}}", "i",
	 "livenessProbe"},
	{"a named port",
	 POD("{'name':'a','ports':[{'name':'web','containerPort':81}]," PROBE("livenessProbe",
									      "'web'") "}"),
	 "a", "livenessProbe"},
	{"a name that is not declared", POD("{'name':'a'," PROBE("livenessProbe", "'web'") "}"),
	 NULL, NULL},
	{"an excluded port", POD("{'name':'a'," PROBE("livenessProbe", "443") "}"), NULL, NULL},
	{"a port that is not included", POD("{'name':'a'," PROBE("livenessProbe", "79") "}"), NULL,
	 NULL},
	{"a port that a number of 16 bits would make of it",
	 POD("{'name':'a'," PROBE("livenessProbe", "65616") "}"), NULL, NULL},
	{"the second probe only",
	 POD("{'name':'a'," PROBE("readinessProbe", "443") "," PROBE("livenessProbe", "444") "}"),
	 "a", "livenessProbe"},
	{"another host",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'host':'10.0.0.7','port':80}}}"), NULL,
	 NULL},
	{"an empty host is the pod",
	 POD("{'name':'a','livenessProbe':{'tcpSocket':{'host':'','port':80}}}"), "a",
	 "livenessProbe"},
	{"a handler is no probe",
	 POD("{'name':'a','lifecycle':{'preStop':{'tcpSocket':{'port':80}}}}"), NULL, NULL},
	{"the profile's own container", POD("{'name':'proxy'," PROBE("livenessProbe", "80") "}"),
	 NULL, NULL},
	{"odd shapes",
	 POD("{'name':'a','livenessProbe':[],'readinessProbe':{'tcpSocket':7},'startupProbe':"
	     "{'tcpSocket':{'port':true}}}"),
	 NULL, NULL},
};

static void test_find_blind(void)
{
	struct range included = {80, 8080};
	struct range excluded = {443, 443};
	const struct redirect_spec spec = {.include_inbound_ports = {&included, 1},
					   .exclude_inbound_ports = {&excluded, 1}};
	json_auto_t *overlay = quoted_json(POD("{'name':'proxy'}"));

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		struct probe probe = {0};
		bool is_found = probe_find_blind(pod, overlay, &spec, &probe);

		ASSERT_ROW(ROWS[i].name, is_found == (ROWS[i].container != NULL));
		if (!is_found || ROWS[i].container == NULL)
			continue;
		ASSERT_TEXT(ROWS[i].name, probe_container_name(&probe), ROWS[i].container);
		ASSERT_TEXT(ROWS[i].name, probe.place->member, ROWS[i].member);
	}
}

/* Takes over whatever a container asks over the network. */
static int blank(void *context, json_t *container, json_t **ret_container, struct err *err)
{
	json_auto_t *edited = json_incref(container);
	size_t *count = context;

	for (int i = 0; i < PROBE_PLACE_COUNT; i++) {
		struct probe probe;

		if (!probe_read(container, &PROBE_PLACES[i], &probe))
			continue;
		++*count;
		if (probe_set_action(&probe, "x", json_object(), &edited, err) < 0)
			return err->code;
	}
	*ret_container = TAKE(edited);
	return 0;
}

static const struct {
	const char *name, *pod, *result;
	size_t count;
} EDITS[] = {
	{"nothing to do", POD("{'name':'a','livenessProbe':{'exec':{}}}"),
	 POD("{'name':'a','livenessProbe':{'exec':{}}}"), 0},
	{"no containers", "{'spec':{}}", "{'spec':{}}", 0},
	{"all places of a container, and what stands beside them",
	 POD("{'name':'a','readinessProbe':{'httpGet':{},'periodSeconds':1},'livenessProbe':{"
	     "'tcpSocket':{}},'startupProbe':{'grpc':{}},'lifecycle':{'postStart':{'httpGet':{}},"
	     "'preStop':{'tcpSocket':{}},'stopSignal':'SIGUSR1'}}"),
	 POD("{'name':'a','readinessProbe':{'periodSeconds':1,'x':{}},'livenessProbe':{'x':{}},"
	     "'startupProbe':{'x':{}},'lifecycle':{'postStart':{'x':{}},'preStop':{'x':{}},"
	     "'stopSignal':'SIGUSR1'}}"),
	 5},
	{"both lists, but not the profile's",
	 "{'spec':{'initContainers':[{'name':'proxy','livenessProbe':{'grpc':{}}},{'name':'i',"
	 "'livenessProbe':{'grpc':{}}}],'containers':[{'name':'a','livenessProbe':{'grpc':{}}}]}}",
	 "{'spec':{'initContainers':[{'name':'proxy','livenessProbe':{'grpc':{}}},{'name':'i',"
	 "'livenessProbe':{'x':{}}}],'containers':[{'name':'a','livenessProbe':{'x':{}}}]}}",
	 2},
};

static void test_edit(void)
{
	json_auto_t *overlay = quoted_json(POD("{'name':'proxy'}"));

	for (size_t i = 0; i < sizeof(EDITS) / sizeof(*EDITS); i++) {
		json_auto_t *pod = quoted_json(EDITS[i].pod);
		json_auto_t *untouched = json_deep_copy(pod);
		json_auto_t *result = NULL;
		struct err err = {0};
		size_t count = 0;

		ASSERT_ROW(EDITS[i].name,
			   probe_edit_containers(pod, overlay, blank, &count, &result, &err) == 0);
		CLEANUP(freep) char *found = quoted_json_text(result);
		ASSERT_TEXT(EDITS[i].name, found, EDITS[i].result);
		ASSERT_ROW(EDITS[i].name, count == EDITS[i].count);
		ASSERT_ROW(EDITS[i].name, (result == pod) == (count == 0));
		ASSERT_ROW(EDITS[i].name, json_equal(pod, untouched));
	}
}

static int fail(void *context, json_t *container, json_t **ret_container, struct err *err)
{
	(void)context;
	(void)container;
	(void)ret_container;
	return err_set(err, EINVAL, "no");
}

static void test_edit_fails(void)
{
	json_auto_t *pod = quoted_json(POD("{'name':'a'}"));
	json_auto_t *overlay = quoted_json("{}");
	json_t *result = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL(probe_edit_containers(pod, overlay, fail, NULL, &result, &err), -EINVAL);
	ASSERT_TEXT("message", err.msg, "no");
	CU_ASSERT_PTR_NULL(result);
}

static CU_TestInfo tests[] = {
	{"tcpSocket probes that the proxy answers", test_find_blind},
	{"what is asked becomes something else", test_edit},
	{"an edit that fails", test_edit_fails},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/probe", tests)
