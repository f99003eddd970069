/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_warning.h"

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
	{"the second probe only",
	 POD("{'name':'a'," PROBE("readinessProbe", "443") "," PROBE("livenessProbe", "444") "}"),
	 "a", "livenessProbe"},
	{"the profile's own container", POD("{'name':'proxy'," PROBE("livenessProbe", "80") "}"),
	 NULL, NULL},
	{"odd shapes",
	 POD("{'name':'a','livenessProbe':[],'readinessProbe':{'tcpSocket':7},'startupProbe':"
	     "{'tcpSocket':{'port':true}}}"),
	 NULL, NULL},
};

static void test_find(void)
{
	struct range included = {80, 8080};
	struct range excluded = {443, 443};
	const struct redirect_spec spec = {.include_inbound_ports = {&included, 1},
					   .exclude_inbound_ports = {&excluded, 1}};
	json_auto_t *overlay = quoted_json(POD("{'name':'proxy'}"));

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		struct blind_probe probe = {0};
		bool is_found = probe_warning_find(pod, overlay, &spec, &probe);

		ASSERT_ROW(ROWS[i].name, is_found == (ROWS[i].container != NULL));
		if (!is_found || ROWS[i].container == NULL)
			continue;
		ASSERT_TEXT(ROWS[i].name, probe.container, ROWS[i].container);
		ASSERT_TEXT(ROWS[i].name, probe.member, ROWS[i].member);
	}
}

static CU_TestInfo tests[] = {
	{"tcpSocket probes that the proxy answers", test_find},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/probe_warning", tests)
