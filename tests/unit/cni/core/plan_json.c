/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_json.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static struct plan_rule rules[] = {
	{.chain = PLAN_CHAIN_MARK, .families = PLAN_BOTH, .why = "nothing", .verdict = PLAN_PASS},
	{.chain = PLAN_CHAIN_INBOUND, .families = PLAN_V6, .why = "6", .verdict = PLAN_DROP},
};

static const struct redirect_plan PLAN = {.rules = rules, .count = 2};
static const struct redirect_plan EMPTY = {.rules = NULL};
static const struct redirect_plan ROUTES = {.route_marks = {PLAN_MARK_OUTBOUND, PLAN_MARK_BACK},
					    .route_count = 2};

static int make(const void *plan, char **ret_text, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	plan_json(plan, &text);
	return strbuf_finish(&text, ret_text, err);
}

static void test_rules(void)
{
	CLEANUP(freep) char *empty = NULL;
	CLEANUP(freep) char *text = NULL;
	struct err err = {0};

	CU_ASSERT_FATAL(make(&EMPTY, &empty, &err) == 0 && make(&PLAN, &text, &err) == 0);
	ASSERT_TEXT("no rules", empty, "{\"rules\":[],\"routes\":[],\"sysctls\":{}}\n");
	ASSERT_TEXT(
		"rules", text,
		"{\"rules\":[{\"families\":[4,6],\"table\":\"mangle\",\"chain\":\"SIDEWIRE_MARK\","
		"\"why\":\"nothing\",\"rule\":\"-A SIDEWIRE_MARK -j RETURN\"},"
		"{\"families\":[6],\"table\":\"nat\",\"chain\":\"SIDEWIRE_INBOUND\","
		"\"why\":\"6\",\"rule\":\"-A SIDEWIRE_INBOUND -j DROP\"}],"
		"\"routes\":[],\"sysctls\":{}}\n");
}

static void test_routes(void)
{
	CLEANUP(freep) char *text = NULL;
	struct err err = {0};

	CU_ASSERT_FATAL(make(&ROUTES, &text, &err) == 0);
	ASSERT_TEXT("routes", text,
		    "{\"rules\":[],\"routes\":["
		    "{\"families\":[4,6],\"mark\":1373503489,\"table\":15998,\"priority\":15998,"
		    "\"route\":\"local default dev lo\"},"
		    "{\"families\":[4,6],\"mark\":1373503492,\"table\":15998,\"priority\":15998,"
		    "\"route\":\"local default dev lo\"}],"
		    "\"sysctls\":{\"net.ipv4.tcp_fwmark_accept\":2,\"net.ipv4.fwmark_reflect\":2,"
		    "\"net.ipv6.fwmark_reflect\":2}}\n");
}

static void test_allocations(void)
{
	alloc_fail_sweep_outcome("rules", make, &PLAN);
}

static CU_TestInfo tests[] = {
	{"every rule", test_rules},
	{"routes and sysctls", test_routes},
	{"failing allocations", test_allocations},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/plan_json", tests)
