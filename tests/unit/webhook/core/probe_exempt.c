/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_exempt.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define POD(containers) "{'spec':{'containers':[" containers "]}}"

/* Captured are 80 to 8080 without 443. */
static const struct {
	const char *name, *pod, *excluded;
} ROWS[] = {
	{"no probes", POD("{'name':'a'}"), "443"},
	{"every kind",
	 POD("{'name':'a','readinessProbe':{'httpGet':{'port':81}},'livenessProbe':{'tcpSocket':{"
	     "'port':83}},'startupProbe':{'grpc':{'port':85}}}"),
	 "81,83,85,443"},
	{"both lists",
	 "{'spec':{'initContainers':[{'name':'i','livenessProbe':{'grpc':{'port':81}}}],"
	 "'containers':[{'name':'a','livenessProbe':{'grpc':{'port':83}}}]}}",
	 "81,83,443"},
	{"declared by itself",
	 POD("{'name':'a','ports':[{'containerPort':81}],'livenessProbe':{'grpc':{'port':81}}}"),
	 "443"},
	{"declared by a name",
	 POD("{'name':'a','ports':[{'name':'web','containerPort':81}],'livenessProbe':{'httpGet':{"
	     "'port':'web'}}}"),
	 "443"},
	{"declared by a neighbour, in whatever protocol",
	 POD("{'name':'a','livenessProbe':{'grpc':{'port':81}}},{'name':'b','ports':[{"
	     "'containerPort':81,'protocol':'UDP'}]}"),
	 "443"},
	{"declared by the profile's container",
	 POD("{'name':'a','livenessProbe':{'grpc':{'port':81}}},{'name':'proxy','ports':[{"
	     "'containerPort':81}]}"),
	 "443"},
	{"the profile's probe", POD("{'name':'proxy','livenessProbe':{'grpc':{'port':81}}}"),
	 "443"},
	{"another host",
	 POD("{'name':'a','livenessProbe':{'httpGet':{'port':81,'host':'10.0.0.7'}}}"), "443"},
	{"a port that is not captured", POD("{'name':'a','livenessProbe':{'grpc':{'port':79}}}"),
	 "443"},
	{"a handler", POD("{'name':'a','lifecycle':{'preStop':{'httpGet':{'port':81}}}}"), "443"},
	{"odd shapes",
	 POD("{'name':'a','ports':[7,{'containerPort':'x'},{'containerPort':70000}],"
	     "'livenessProbe':{'grpc':{'port':-1}}}"),
	 "443"},
};

static void test_apply(void)
{
	struct range included = {80, 8080};
	json_auto_t *overlay = quoted_json(POD("{'name':'proxy'}"));

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct redirect_spec spec = {.include_inbound_ports = {&included, 1}};
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		CLEANUP(strbuf_release) struct strbuf found = STRBUF_INIT;
		struct err err = {0};

		CU_ASSERT_EQUAL_FATAL(range_list_add(&spec.exclude_inbound_ports, 443, 443, &err),
				      0);
		ASSERT_ROW(ROWS[i].name, probe_exempt_apply(pod, overlay, &spec, &err) == 0);
		range_list_format(&spec.exclude_inbound_ports, &found);
		ASSERT_TEXT(ROWS[i].name, found.data, ROWS[i].excluded);
		range_list_release(&spec.exclude_inbound_ports);
	}
}

static void test_too_many(void)
{
	struct range included = {1, 65535};
	struct redirect_spec spec = {.include_inbound_ports = {&included, 1}};
	json_auto_t *overlay = quoted_json("{}");
	json_auto_t *containers = json_array();
	json_auto_t *pod = json_pack("{s:{s:O}}", "spec", "containers", containers);
	struct err err = {0};

	for (int port = 1; port <= 2 * RANGE_LIST_MAX + 1; port += 2)
		json_array_append_new(containers, json_pack("{s:s, s:{s:{s:i}}}", "name", "a",
							    "livenessProbe", "grpc", "port", port));
	CU_ASSERT_EQUAL(probe_exempt_apply(pod, overlay, &spec, &err), -E2BIG);
	ASSERT_TEXT("message", err.msg,
		    "annotation 'sidewire.io/probes' is 'exempt', but with what the probes ask "
		    "there are 1025 ranges of excluded inbound ports, at most 1024 fit");
	range_list_release(&spec.exclude_inbound_ports);
}

static CU_TestInfo tests[] = {
	{"ports that only probes use", test_apply},
	{"more of them than a list holds", test_too_many},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/probe_exempt", tests)
