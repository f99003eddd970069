/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a plan does to packets, compared with what the document says of them: thousands of
 * documents, and for each packets that are near its edges.
 */
#include "cni/core/plan_evaluate.h"
#include "cni/core/redirect_plan.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "tests/unit/cni/core/plan_documents.h"
#include "tests/unit/cni/core/plan_oracle.h"
#include "tests/unit/suite.h"

enum { DOCUMENTS = 2000, PACKETS = 100 };

static void show(const struct redirect_spec *spec, const struct redirect_plan *plan,
		 const struct packet *p)
{
	struct packet_verdict found = plan_evaluate(plan, p);
	struct expectation expected = oracle(spec, p);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	strbuf_printf(&out, "mode %d, %s protocol %d ", spec->mode, p->is_inbound ? "in" : "out",
		      p->protocol);
	cidr_format(&p->source, &out);
	strbuf_printf(&out, ":%u -> ", p->source_port);
	cidr_format(&p->destination, &out);
	strbuf_printf(&out, ":%u%s at %s, uid %u gid %u mark 0x%x icmp %u: ", p->destination_port,
		      p->is_destination_own ? " (own)" : "", p->interface.text, p->uid, p->gid,
		      p->mark, p->icmp_type);
	strbuf_printf(&out, "fate %d port %u, not %d %u\n", found.fate, found.port, expected.fate,
		      expected.port);
	redirect_text_plan(plan, p->source.is_v6 ? PLAN_V6 : PLAN_V4, &out);
	printf("\n%s", out.data);
}

/* What the packets became, by mode, so that a test that compares nothing is seen. */
struct tally {
	size_t fates[FATE_DROPPED];
	size_t ports[DRAWN_MAPPED_PORT + 3];
};

/* A rule is named by its number in its chain. */
static bool is_numbered(const struct redirect_plan *plan, const struct packet_verdict *verdict)
{
	size_t number = 0;

	if (verdict->rule == NULL)
		return verdict->fate == FATE_PASS && verdict->rule_number == 0;
	for (const struct plan_rule *rule = plan->rules; rule <= verdict->rule; rule++)
		number += rule->chain == verdict->rule->chain;
	return verdict->rule_number == number;
}

static void compare_one(const struct redirect_spec *spec, const struct redirect_plan *plan,
			struct tally *tally)
{
	struct packet packet = draw_packet();
	struct expectation expected = oracle(spec, &packet);
	struct packet_verdict found = plan_evaluate(plan, &packet);

	if (found.fate != expected.fate || found.port != expected.port) {
		show(spec, plan, &packet);
		CU_FAIL_FATAL("the plan does something else");
	}
	CU_ASSERT_FATAL(is_numbered(plan, &found));
	tally[spec->mode].fates[found.fate]++;
	tally[spec->mode].ports[found.port]++;
}

static void check_tally(const struct tally *tally)
{
	CU_ASSERT(tally->fates[FATE_PASS] > 1000);
	CU_ASSERT(tally->fates[FATE_REJECTED] > 500);
	CU_ASSERT(tally->ports[DRAWN_INBOUND_PORT] > 1000);
	CU_ASSERT(tally->ports[DRAWN_OUTBOUND_PORT] > 1000);
	CU_ASSERT(tally->ports[DRAWN_DNS_PORT] > 100);
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT(tally->ports[DRAWN_MAPPED_PORT + i] > 50);
}

static void test_traffic(void)
{
	struct tally tally[REDIRECT_MODE_TPROXY_BOTH + 1] = {0};

	drawn_restart(2463534242);
	for (size_t i = 0; i < DOCUMENTS; i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = draw_document();
		CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
		struct err err = {0};

		CU_ASSERT_FATAL(redirect_plan_build(&spec, &plan, &err) == 0);
		for (size_t j = 0; j < PACKETS; j++)
			compare_one(&spec, &plan, tally);
	}
	check_tally(&tally[REDIRECT_MODE_REDIRECT]);
	check_tally(&tally[REDIRECT_MODE_TPROXY]);
	check_tally(&tally[REDIRECT_MODE_TPROXY_BOTH]);
}

static CU_TestInfo tests[] = {{"the plan does what the document says", test_traffic},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/redirect_plan: traffic", tests)
