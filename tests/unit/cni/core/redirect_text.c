/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_text.h"

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

#define V4(length, ...)                                             \
	{                                                           \
		.prefix_length = length, .addr_be = { __VA_ARGS__ } \
	}

/* Rules of one plan; each row is one thing that a rule can ask or do. */
static struct plan_rule rules[] = {
	{.chain = PLAN_CHAIN_INBOUND,
	 .families = PLAN_BOTH,
	 .protocol = PLAN_TCP,
	 .port_count = 1,
	 .ports = {{15999, 15999}},
	 .verdict = PLAN_REDIRECT,
	 .port = 15006,
	 .why = "the gate"},
	{.chain = PLAN_CHAIN_INBOUND,
	 .families = PLAN_V4,
	 .has_source = true,
	 .source = V4(16, 10, 9),
	 .why = "excluded source"},
	{.chain = PLAN_CHAIN_INBOUND,
	 .families = PLAN_V6,
	 .protocol = PLAN_TCP,
	 .port_count = 3,
	 .ports = {{80, 80}, {8000, 8010}, {9000, 9000}},
	 .why = "excluded port"},
	{.chain = PLAN_CHAIN_INBOUND,
	 .families = PLAN_V4,
	 .protocol = PLAN_TCP,
	 .verdict = PLAN_REDIRECT,
	 .port = 15006,
	 .why = "captured for the proxy"},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_V4,
	 .protocol = PLAN_TCP,
	 .out_interface = {"lo"},
	 .has_destination = true,
	 .destination = V4(32, 127, 0, 0, 1),
	 .source_port = 15998,
	 .port_count = 1,
	 .ports = {{15999, 15999}},
	 .verdict = PLAN_REDIRECT,
	 .port = 15006,
	 .why = "the gate, asked from inside"},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_BOTH,
	 .has_uid = true,
	 .uids = {100, 199},
	 .verdict = PLAN_GOTO,
	 .target_chain = PLAN_CHAIN_PROXY,
	 .why = "the proxy's own traffic"},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_BOTH,
	 .has_gid = true,
	 .gids = {7, 7},
	 .why = "excluded group"},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_V6,
	 .has_mark = true,
	 .mark = 0x539,
	 .why = "the proxy's own traffic"},
	{.chain = PLAN_CHAIN_OUTBOUND,
	 .families = PLAN_BOTH,
	 .out_interface = {"lo"},
	 .why = "the application to itself"},
	{.chain = PLAN_CHAIN_PROXY,
	 .families = PLAN_V4,
	 .protocol = PLAN_TCP,
	 .out_interface = {"lo"},
	 .has_destination = true,
	 .is_destination_negated = true,
	 .destination = V4(8, 127),
	 .verdict = PLAN_REDIRECT,
	 .port = 15006,
	 .why = "the proxy to its own pod"},
	{.chain = PLAN_CHAIN_CAPTURE,
	 .families = PLAN_V4,
	 .protocol = PLAN_TCP,
	 .port_count = 2,
	 .ports = {{1, 2}, {5, 5}},
	 .verdict = PLAN_REDIRECT,
	 .port = 15001,
	 .why = "captured for the proxy"},
};

static const struct redirect_plan PLAN = {rules, sizeof(rules) / sizeof(*rules)};

static void test_plan(void)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	redirect_text_plan(&PLAN, &out);
	ASSERT_TEXT(
		"plan", out.data,
		"46 -A SIDEWIRE_INBOUND -p tcp --dport 15999 -j REDIRECT --to-ports 15006\n"
		"4  -A SIDEWIRE_INBOUND -s 10.9.0.0/16 -j RETURN\n"
		"6  -A SIDEWIRE_INBOUND -p tcp -m multiport --dports 80,8000:8010,9000 -j RETURN\n"
		"4  -A SIDEWIRE_INBOUND -p tcp -j REDIRECT --to-ports 15006\n"
		"4  -A SIDEWIRE_OUTBOUND -d 127.0.0.1 -o lo -p tcp --sport 15998 --dport 15999 "
		"-j REDIRECT --to-ports 15006\n"
		"46 -A SIDEWIRE_OUTBOUND -m owner --uid-owner 100-199 -g SIDEWIRE_PROXY\n"
		"46 -A SIDEWIRE_OUTBOUND -m owner --gid-owner 7 -j RETURN\n"
		"6  -A SIDEWIRE_OUTBOUND -m mark --mark 0x539 -j RETURN\n"
		"46 -A SIDEWIRE_OUTBOUND -o lo -j RETURN\n"
		"4  -A SIDEWIRE_PROXY ! -d 127.0.0.0/8 -o lo -p tcp -j REDIRECT --to-ports 15006\n"
		"4  -A SIDEWIRE_CAPTURE -p tcp -m multiport --dports 1:2,5 -j REDIRECT --to-ports "
		"15001\n");
}

static void test_words(void)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	redirect_text_words(&PLAN, &out);
	ASSERT_TEXT(
		"words", out.data,
		"Into the pod (SIDEWIRE_INBOUND):\n"
		"   1. the gate                      TCP to port 15999 goes to port 15006\n"
		"   2. excluded source               anything from 10.9.0.0/16 passes\n"
		"   3. excluded port                 IPv6 TCP to ports 80, 8000-8010, 9000 passes\n"
		"   4. captured for the proxy        IPv4 TCP to any port goes to port 15006\n"
		"      everything else passes\n"
		"Out of the pod (SIDEWIRE_OUTBOUND):\n"
		"   1. the gate, asked from inside   TCP from port 15998 to 127.0.0.1 port 15999 "
		"on "
		"lo goes to port 15006\n"
		"   2. the proxy's own traffic       anything of uid 100-199 goes on in "
		"SIDEWIRE_PROXY\n"
		"   3. excluded group                anything of gid 7 passes\n"
		"   4. the proxy's own traffic       IPv6 with mark 0x539 passes\n"
		"   5. the application to itself     anything on lo passes\n"
		"      everything else passes\n"
		"Sent by the proxy (SIDEWIRE_PROXY):\n"
		"   1. the proxy to its own pod      TCP to all but 127.0.0.0/8 on lo goes to port "
		"15006\n"
		"      everything else passes\n"
		"To an included destination (SIDEWIRE_CAPTURE):\n"
		"   1. captured for the proxy        IPv4 TCP to ports 1-2, 5 goes to port 15001\n"
		"      everything else passes\n");
}

static void test_nothing(void)
{
	const struct redirect_plan nothing = {0};
	CLEANUP(strbuf_release) struct strbuf words = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	redirect_text_words(&nothing, &words);
	ASSERT_TEXT("words", words.data, "Nothing is redirected.\n");
	redirect_text_plan(&nothing, &text);
	CU_ASSERT(text.length == 0);
}

static int print_both(const void *input, struct err *err)
{
	struct strbuf out = STRBUF_INIT;
	CLEANUP(freep) char *text = NULL;

	redirect_text_plan(input, &out);
	redirect_text_words(input, &out);
	return strbuf_finish(&out, &text, err);
}

static void test_allocations(void)
{
	alloc_fail_sweep("plan and words", print_both, &PLAN);
}

static CU_TestInfo tests[] = {{"rules", test_plan},
			      {"words", test_words},
			      {"an empty plan", test_nothing},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/redirect_text", tests)
