/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plans hold is in tests/golden/plan and in redirect_plan_traffic.c; here are the bounds. */
#include "cni/core/redirect_plan.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static struct cidr prefixes[CIDR_LIST_MAX];
static struct range ranges[RANGE_LIST_MAX];

/* As many different prefixes and ranges as a document may hold. */
static void fill_lists(void)
{
	for (uint32_t i = 0; i < CIDR_LIST_MAX; i++)
		prefixes[i] = (struct cidr){.prefix_length = CIDR_V4_BITS,
					    .addr_be = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
	for (uint32_t i = 0; i < RANGE_LIST_MAX; i++)
		ranges[i] = (struct range){2 * i + 1, 2 * i + 1};
}

/* Three times 4096 prefixes, four times 1024 ids; and what every plan has: the rules for lo, and
 * for what is only forwarded. */
static struct redirect_spec largest(void)
{
	fill_lists();
	return (struct redirect_spec){
		.mode = REDIRECT_MODE_REDIRECT,
		.outbound_port = 15001,
		.inbound_port = 15006,
		.proxy_uids = {ranges, RANGE_LIST_MAX},
		.proxy_gids = {ranges, RANGE_LIST_MAX},
		.exclude_inbound_cidrs = {prefixes, CIDR_LIST_MAX},
		.exclude_outbound_cidrs = {prefixes, CIDR_LIST_MAX},
		.include_outbound_cidrs = {prefixes, CIDR_LIST_MAX},
		.include_outbound_ports = {ranges, 1},
	};
}

/* The number of rules that such a plan has beside those of its ids. */
/* What is only forwarded, lo, and the captured port. */
enum { RULES_WITHOUT_IDS = 3 * CIDR_LIST_MAX + 3 };

static void test_most_rules(void)
{
	struct redirect_spec spec = largest();
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct err err = {0};

	CU_ASSERT(redirect_plan_build(&spec, &plan, &err) == 0);
	CU_ASSERT(plan.count == RULES_WITHOUT_IDS + 2 * RANGE_LIST_MAX);
}

/* One more than may be is refused, and the exact number is not. */
static void test_too_many_rules(void)
{
	struct range others[RANGE_LIST_MAX];
	struct redirect_spec spec = largest();
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct redirect_plan untouched = {.count = 7};
	struct err err = {0};

	for (uint32_t i = 0; i < RANGE_LIST_MAX; i++)
		others[i] = (struct range){2 * i, 2 * i};
	spec.exclude_uids = (struct range_list){others, RANGE_LIST_MAX};
	spec.exclude_gids = (struct range_list){others, PLAN_RULES_MAX - RULES_WITHOUT_IDS -
								3 * RANGE_LIST_MAX};
	CU_ASSERT(redirect_plan_build(&spec, &plan, &err) == 0);
	CU_ASSERT(plan.count == PLAN_RULES_MAX);
	spec.exclude_gids.count++;
	CU_ASSERT(redirect_plan_build(&spec, &untouched, &err) == -E2BIG);
	ASSERT_TEXT("too many", err.msg, "the redirect document asks for more than 16384 rules");
	CU_ASSERT(untouched.count == 7 && untouched.rules == NULL);
}

static void test_mode_none(void)
{
	const struct redirect_spec spec = {.mode = REDIRECT_MODE_NONE};
	struct redirect_plan plan = {.count = 7};
	struct err err = {0};

	CU_ASSERT(redirect_plan_build(&spec, &plan, &err) == 0);
	CU_ASSERT(plan.count == 0);
	redirect_plan_release(&plan);
}

/* Every chain is known as ours by its name, and is short enough for the kernel. */
static void test_chains(void)
{
	for (enum plan_chain chain = 0; chain < PLAN_CHAIN_COUNT; chain++) {
		const char *name = plan_chain_name(chain);

		ASSERT_ROW(name, strncmp(name, "SIDEWIRE_", strlen("SIDEWIRE_")) == 0);
		ASSERT_ROW(name, strlen(name) < 29); /* XT_EXTENSION_MAXNAMELEN */
	}
	ASSERT_TEXT("inbound", plan_chain_hook(PLAN_CHAIN_INBOUND), "PREROUTING");
	ASSERT_TEXT("outbound", plan_chain_hook(PLAN_CHAIN_OUTBOUND), "OUTPUT");
	CU_ASSERT(plan_chain_hook(PLAN_CHAIN_PROXY) == NULL);
	CU_ASSERT(plan_chain_hook(PLAN_CHAIN_CAPTURE) == NULL);
}

/* Those of IPv6 that the proxy binds; 127.0.0.0/8 is on lo as a whole. */
static void test_lo_addresses(void)
{
	struct cidr sources[] = {
		{.prefix_length = CIDR_V4_BITS, .addr_be = {127, 0, 0, 6}},
		{.is_v6 = true, .prefix_length = CIDR_V6_BITS, .addr_be = {[15] = 6}},
	};
	struct redirect_spec spec = {.mode = REDIRECT_MODE_TPROXY, .inbound_source = {sources, 2}};
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct err err;

	CU_ASSERT_FATAL(redirect_plan_build(&spec, &plan, &err) == 0);
	cidr_list_format(&plan.lo_addresses, &text);
	ASSERT_TEXT("addresses on lo", text.data, "::6");
	spec.mode = REDIRECT_MODE_NONE;
	redirect_plan_release(&plan);
	CU_ASSERT_FATAL(redirect_plan_build(&spec, &plan, &err) == 0);
	CU_ASSERT(plan.lo_addresses.count == 0);
}

static int build(const void *input, struct err *err)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};

	return redirect_plan_build(input, &plan, err);
}

static void test_allocations(void)
{
	struct cidr source = {.is_v6 = true, .prefix_length = CIDR_V6_BITS, .addr_be = {[15] = 6}};
	struct redirect_spec spec = largest();

	spec.inbound_source = (struct cidr_list){&source, 1};
	alloc_fail_sweep("the largest plan", build, &spec);
	spec.mode = REDIRECT_MODE_TPROXY;
	alloc_fail_sweep("by TPROXY and nat", build, &spec);
	spec.mode = REDIRECT_MODE_TPROXY_BOTH;
	alloc_fail_sweep("by TPROXY", build, &spec);
}

/* A destination's every port of its own, in as few rules as slots allow: a range for each proxy
 * port, and single ports where they alternate. */
static void test_port_map(void)
{
	struct port_mapping mappings[PORT_MAP_MAX];
	struct redirect_spec spec = largest();
	CLEANUP(redirect_plan_release) struct redirect_plan halves = {0};
	CLEANUP(redirect_plan_release) struct redirect_plan mixed = {0};
	size_t without = RULES_WITHOUT_IDS + 2 * RANGE_LIST_MAX;
	struct err err = {0};

	spec.port_map = (struct port_map){mappings, PORT_MAP_MAX};
	for (size_t i = 0; i < PORT_MAP_MAX; i++)
		mappings[i] = (struct port_mapping){.destination = (uint16_t)(i + 1),
						    .proxy = i < PORT_MAP_MAX / 2 ? 7 : 8};
	CU_ASSERT(redirect_plan_build(&spec, &halves, &err) == 0);
	CU_ASSERT(halves.count == without + 2);
	for (size_t i = 0; i < PORT_MAP_MAX; i++)
		mappings[i].proxy = i % 2 == 0 ? 7 : 8;
	CU_ASSERT(redirect_plan_build(&spec, &mixed, &err) == 0);
	CU_ASSERT(mixed.count ==
		  without + 2 * ((PORT_MAP_MAX / 2 + PLAN_PORT_SLOTS - 1) / PLAN_PORT_SLOTS));
}

static CU_TestInfo tests[] = {{"every list is full", test_most_rules},
			      {"too many rules", test_too_many_rules},
			      {"mode none", test_mode_none},
			      {"addresses on lo", test_lo_addresses},
			      {"chains", test_chains},
			      {"the largest port map", test_port_map},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/redirect_plan", tests)
