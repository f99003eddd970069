/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How chains are walked, by plans of a few rules; what whole plans do is in
 * redirect_plan_traffic.c. */
#include "cni/core/plan_evaluate.h"

#include "tests/unit/suite.h"

#define PLAN(rules_)                                                           \
	{                                                                      \
		.rules = (rules_), .count = sizeof(rules_) / sizeof(*(rules_)) \
	}

static const struct packet SENT = {
	.protocol = PLAN_TCP,
	.source = {.prefix_length = 32, .addr_be = {10, 0, 0, 1}},
	.destination = {.prefix_length = 32, .addr_be = {10, 0, 0, 2}},
	.source_port = 50000,
	.destination_port = 80,
	.interface = {"eth0"},
	.is_source_own = true,
};

/* The packet as if it came in. */
static struct packet received(void)
{
	struct packet packet = SENT;

	packet.is_inbound = packet.is_destination_own = true;
	packet.is_source_own = false;
	return packet;
}

static void expect(const char *row, struct packet_verdict found, enum packet_fate fate,
		   uint16_t port, const struct plan_rule *rule, size_t number)
{
	ASSERT_ROW(row, found.fate == fate);
	ASSERT_ROW(row, found.port == port);
	ASSERT_ROW(row, found.rule == rule);
	ASSERT_ROW(row, found.rule_number == number);
}

static void test_nothing(void)
{
	const struct redirect_plan nothing = {0};
	struct packet packet = received();

	expect("out", plan_evaluate(&nothing, &SENT), FATE_PASS, 0, NULL, 0);
	expect("in", plan_evaluate(&nothing, &packet), FATE_PASS, 0, NULL, 0);
}

/* A rule that leads on has decided where nothing in the other chain matches. */
static void test_goto(void)
{
	struct plan_rule rules[] = {
		{.chain = PLAN_CHAIN_OUTBOUND, .families = PLAN_V6},
		{.chain = PLAN_CHAIN_OUTBOUND,
		 .families = PLAN_V4,
		 .verdict = PLAN_GOTO,
		 .target_chain = PLAN_CHAIN_PROXY},
		{.chain = PLAN_CHAIN_OUTBOUND,
		 .families = PLAN_V4,
		 .verdict = PLAN_REDIRECT,
		 .port = 1},
		{.chain = PLAN_CHAIN_PROXY,
		 .families = PLAN_V4,
		 .protocol = PLAN_UDP,
		 .verdict = PLAN_REDIRECT,
		 .port = 2},
	};
	const struct redirect_plan plan = PLAN(rules);
	struct packet packet = SENT;

	expect("no match", plan_evaluate(&plan, &packet), FATE_PASS, 0, &rules[1], 2);
	packet.protocol = PLAN_UDP;
	expect("a match", plan_evaluate(&plan, &packet), FATE_PROXY, 2, &rules[3], 1);
}

/* nat is asked after mangle, filter after nat, and both see what came before. */
static void test_order(void)
{
	struct plan_rule rules[] = {
		{.chain = PLAN_CHAIN_MARK,
		 .families = PLAN_V4,
		 .verdict = PLAN_MARK,
		 .set_mark = 7},
		{.chain = PLAN_CHAIN_NON_TCP,
		 .families = PLAN_V4,
		 .port_count = 1,
		 .ports = {{15053, 15053}},
		 .has_destination = true,
		 .destination = {.prefix_length = 32, .addr_be = {127, 0, 0, 1}},
		 .out_interface = {"eth0"},
		 .verdict = PLAN_REJECT},
		{.chain = PLAN_CHAIN_OUTBOUND,
		 .families = PLAN_V4,
		 .has_mark = true,
		 .mark = 7,
		 .verdict = PLAN_REDIRECT,
		 .port = 15053},
	};
	const struct redirect_plan plan = PLAN(rules);

	expect("rejected", plan_evaluate(&plan, &SENT), FATE_REJECTED, 0, &rules[1], 1);
	rules[1].verdict = PLAN_DROP;
	expect("dropped", plan_evaluate(&plan, &SENT), FATE_DROPPED, 0, &rules[1], 1);
	rules[2].mark = 8;
	expect("another mark", plan_evaluate(&plan, &SENT), FATE_PASS, 0, NULL, 0);
}

/* What is marked for lo comes in there, and nat is not asked again. */
static void test_way_of_lo(void)
{
	struct plan_rule rules[] = {
		{.chain = PLAN_CHAIN_TPROXY,
		 .families = PLAN_V4,
		 .protocol = PLAN_TCP,
		 .in_interface = {"lo"},
		 .has_mark = true,
		 .mark = 7,
		 .verdict = PLAN_TPROXY,
		 .port = 15001},
		{.chain = PLAN_CHAIN_DELIVER,
		 .families = PLAN_V4,
		 .has_mark = true,
		 .mark = 7,
		 .verdict = PLAN_MARK},
		{.chain = PLAN_CHAIN_MARK,
		 .families = PLAN_V4,
		 .verdict = PLAN_MARK,
		 .set_mark = 7},
		{.chain = PLAN_CHAIN_INBOUND,
		 .families = PLAN_V4,
		 .verdict = PLAN_REDIRECT,
		 .port = 1},
	};
	struct redirect_plan plan = PLAN(rules);
	struct packet packet = received();

	expect("not routed", plan_evaluate(&plan, &SENT), FATE_PASS, 0, NULL, 0);
	plan.route_marks[0] = 7;
	plan.route_count = 1;
	expect("routed", plan_evaluate(&plan, &SENT), FATE_PROXY, 15001, &rules[0], 1);
	expect("in", plan_evaluate(&plan, &packet), FATE_PROXY, 1, &rules[3], 1);
	rules[0].mark = 8;
	expect("nat again", plan_evaluate(&plan, &SENT), FATE_PASS, 0, NULL, 0);
}

/* So does what nat sends to lo; but not what is rejected or dropped. */
static void test_redirected(void)
{
	struct plan_rule rules[] = {
		{.chain = PLAN_CHAIN_TPROXY,
		 .families = PLAN_V4,
		 .in_interface = {"lo"},
		 .port_count = 1,
		 .ports = {{1, 1}},
		 .verdict = PLAN_TPROXY,
		 .port = 2},
		{.chain = PLAN_CHAIN_NON_TCP,
		 .families = PLAN_V4,
		 .has_mark = true,
		 .mark = 7,
		 .verdict = PLAN_REJECT},
		{.chain = PLAN_CHAIN_OUTBOUND,
		 .families = PLAN_V4,
		 .verdict = PLAN_REDIRECT,
		 .port = 1},
	};
	const struct redirect_plan plan = PLAN(rules);
	struct packet packet = SENT;

	expect("redirected", plan_evaluate(&plan, &packet), FATE_PROXY, 2, &rules[0], 1);
	packet.mark = 7;
	expect("rejected", plan_evaluate(&plan, &packet), FATE_REJECTED, 0, &rules[1], 1);
	rules[1].verdict = PLAN_DROP;
	expect("dropped", plan_evaluate(&plan, &packet), FATE_DROPPED, 0, &rules[1], 1);
}

/* At a socket filter is asked last. */
static void test_delivery(void)
{
	struct plan_rule rules[] = {
		{.chain = PLAN_CHAIN_DELIVER,
		 .families = PLAN_V4,
		 .verdict = PLAN_MARK,
		 .set_mark = 7},
		{.chain = PLAN_CHAIN_INVALID,
		 .families = PLAN_V4,
		 .has_mark = true,
		 .mark = 7,
		 .verdict = PLAN_DROP},
	};
	const struct redirect_plan plan = PLAN(rules);
	struct packet packet = received();

	expect("in", plan_evaluate(&plan, &packet), FATE_DROPPED, 0, &rules[1], 1);
	expect("out", plan_evaluate(&plan, &SENT), FATE_PASS, 0, NULL, 0);
}

/* What is asked of later packets is not true of a connection's first. */
static void test_later_packets(void)
{
	struct plan_rule rules[] = {
		{.chain = PLAN_CHAIN_TPROXY,
		 .families = PLAN_V4,
		 .protocol = PLAN_TCP,
		 .segment = PLAN_NOT_SYN},
		{.chain = PLAN_CHAIN_TPROXY, .families = PLAN_V4, .has_socket = true},
		{.chain = PLAN_CHAIN_TPROXY, .families = PLAN_V4, .state = PLAN_REPLY},
		{.chain = PLAN_CHAIN_TPROXY, .families = PLAN_V4, .state = PLAN_INVALID},
		{.chain = PLAN_CHAIN_TPROXY, .families = PLAN_V4, .state = PLAN_TRANSLATED},
		{.chain = PLAN_CHAIN_TPROXY, .families = PLAN_V4, .is_destination_foreign = true},
		{.chain = PLAN_CHAIN_TPROXY,
		 .families = PLAN_V4,
		 .segment = PLAN_SYN,
		 .protocol = PLAN_TCP,
		 .is_source_foreign = true},
	};
	const struct redirect_plan plan = PLAN(rules);
	struct packet packet = received();

	expect("first", plan_evaluate(&plan, &packet), FATE_PASS, 0, &rules[6], 7);
	packet.is_source_own = true;
	expect("own source", plan_evaluate(&plan, &packet), FATE_PASS, 0, NULL, 0);
}

static CU_TestInfo tests[] = {
	{"an empty plan", test_nothing},       {"a rule that leads on", test_goto},
	{"the order of tables", test_order},   {"by way of lo", test_way_of_lo},
	{"redirected to lo", test_redirected}, {"at a socket", test_delivery},
	{"later packets", test_later_packets}, CU_TEST_INFO_NULL};
SUITE("cni/core/plan_evaluate", tests)
