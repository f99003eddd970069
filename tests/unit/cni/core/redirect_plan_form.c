/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for the rules of every plan, whatever the document says. */
#include <string.h>

#include "cni/core/redirect_plan.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "tests/unit/cni/core/plan_documents.h"
#include "tests/unit/suite.h"

enum { DOCUMENTS = 300 };

/* The hook that a chain is reached from in the end; chains of ours that no hook has are reached
 * from one alone. */
static const char *hook_of(enum plan_chain chain)
{
	static const char *const INNER[PLAN_CHAIN_COUNT] = {
		[PLAN_CHAIN_TPROXY_REROUTED] = "PREROUTING",
		[PLAN_CHAIN_TPROXY_CAPTURE] = "PREROUTING",
		[PLAN_CHAIN_TPROXY_OUT] = "PREROUTING",
		[PLAN_CHAIN_MARK_PROXY] = "OUTPUT",
		[PLAN_CHAIN_MARK_CAPTURE] = "OUTPUT",
		[PLAN_CHAIN_MARK_INBOUND] = "OUTPUT",
		[PLAN_CHAIN_MARK_OUTBOUND] = "OUTPUT",
		[PLAN_CHAIN_PROXY] = "OUTPUT",
		[PLAN_CHAIN_REROUTED] = "PREROUTING",
		[PLAN_CHAIN_CAPTURE] = "",
	};

	return plan_chain_hook(chain) != NULL ? plan_chain_hook(chain) : INNER[chain];
}

/* Each match only where the kernel has what it asks. */
static bool is_hook_right(const struct plan_rule *rule)
{
	bool is_for_output = rule->out_interface.text[0] != '\0' || rule->has_uid || rule->has_gid;
	bool is_for_prerouting = rule->in_interface.text[0] != '\0' || rule->has_socket ||
				 rule->verdict == PLAN_TPROXY;
	const char *hook = hook_of(rule->chain);

	return !(is_for_output && strcmp(hook, "OUTPUT") != 0) &&
	       !(is_for_prerouting && strcmp(hook, "PREROUTING") != 0);
}

/* Each verdict only in tables that have it, with what it needs and nothing else. */
static bool is_verdict_right(const struct plan_rule *rule)
{
	enum plan_table table = plan_chain_table(rule->chain);
	bool is_capture = rule->verdict == PLAN_REDIRECT || rule->verdict == PLAN_TPROXY;

	return is_capture == (rule->port != 0) &&
	       (rule->verdict == PLAN_ZONE) == (rule->zone != 0) &&
	       (rule->verdict == PLAN_MARK || rule->set_mark == 0) &&
	       (rule->verdict != PLAN_REDIRECT || table == PLAN_TABLE_NAT) &&
	       (rule->verdict != PLAN_TPROXY || table == PLAN_TABLE_MANGLE) &&
	       (rule->verdict != PLAN_MARK || table == PLAN_TABLE_MANGLE) &&
	       (rule->verdict != PLAN_ZONE || table == PLAN_TABLE_RAW) &&
	       (rule->verdict != PLAN_REJECT || table == PLAN_TABLE_FILTER) &&
	       !(rule->verdict == PLAN_TPROXY && rule->protocol != PLAN_TCP &&
		 rule->protocol != PLAN_UDP);
}

static bool is_protocol_right(const struct plan_rule *rule)
{
	bool has_ports = rule->protocol == PLAN_TCP || rule->protocol == PLAN_UDP;
	bool is_nat_tcp = rule->verdict == PLAN_REDIRECT && rule->protocol == PLAN_TCP;
	size_t slots = 0;

	for (size_t i = 0; i < rule->port_count; i++)
		slots += rule->ports[i].first == rule->ports[i].last ? 1 : 2;
	return slots <= PLAN_PORT_SLOTS && (has_ports || slots + rule->source_port == 0) &&
	       (rule->segment == PLAN_ANY_SEGMENT || rule->protocol == PLAN_TCP) &&
	       (!is_nat_tcp || rule->segment == PLAN_SYN) &&
	       (rule->protocol == PLAN_ICMP
			? rule->families != PLAN_BOTH && rule->icmp_count <= PLAN_ICMP_SLOTS
			: rule->icmp_count == 0);
}

static bool is_address_right(const struct plan_rule *rule)
{
	enum plan_family source = rule->source.is_v6 ? PLAN_V6 : PLAN_V4;
	enum plan_family destination = rule->destination.is_v6 ? PLAN_V6 : PLAN_V4;

	return rule->families != 0 && (rule->families & ~(unsigned int)PLAN_BOTH) == 0 &&
	       (!rule->has_source || rule->families == source) &&
	       (!rule->has_destination || rule->families == destination);
}

/* The families in which a chain has a rule. */
static unsigned int families_of(const struct redirect_plan *plan, enum plan_chain chain)
{
	unsigned int families = 0;

	for (size_t i = 0; i < plan->count; i++)
		families |= plan->rules[i].chain == chain ? plan->rules[i].families : 0;
	return families;
}

/* A rule leads to a later chain of its table, which is there. */
static bool is_target_right(const struct redirect_plan *plan, const struct plan_rule *rule)
{
	return rule->verdict != PLAN_GOTO ||
	       (rule->target_chain > rule->chain &&
		plan_chain_table(rule->target_chain) == plan_chain_table(rule->chain) &&
		(rule->families & ~families_of(plan, rule->target_chain)) == 0);
}

/* The families in which rules lead to a chain. */
static unsigned int families_to(const struct redirect_plan *plan, enum plan_chain chain)
{
	unsigned int families = plan_chain_hook(chain) != NULL ? PLAN_BOTH : 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_rule *rule = &plan->rules[i];

		if (rule->verdict == PLAN_GOTO && rule->target_chain == chain)
			families |= rule->families;
	}
	return families;
}

/* Whether two rules of one chain ask and do the same in some family. */
static bool is_repeated(const struct plan_rule *a, const struct plan_rule *b)
{
	CLEANUP(strbuf_release) struct strbuf text_a = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf text_b = STRBUF_INIT;

	if (a->chain != b->chain || (a->families & b->families) == 0)
		return false;
	redirect_text_rule(a, &text_a);
	redirect_text_rule(b, &text_b);
	return strcmp(text_a.data, text_b.data) == 0;
}

static const char *what_is_wrong(const struct redirect_plan *plan, const struct plan_rule *rule)
{
	if (rule->why == NULL || rule->why[0] == '\0' || strlen(rule->why) > 28)
		return "reason";
	if (!is_hook_right(rule))
		return "hook";
	if (!is_verdict_right(rule))
		return "verdict";
	if (!is_protocol_right(rule))
		return "protocol";
	if (!is_address_right(rule))
		return "address";
	if (!is_target_right(plan, rule))
		return "target";
	if ((rule->families & ~families_to(plan, rule->chain)) != 0)
		return "chain that nothing leads to";
	if (rule > plan->rules && rule->chain < rule[-1].chain)
		return "place";
	for (const struct plan_rule *other = plan->rules; other < rule; other++) {
		if (is_repeated(rule, other))
			return "repetition";
	}
	return NULL;
}

static void check_form(const struct redirect_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const char *wrong = what_is_wrong(plan, &plan->rules[i]);
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

		if (wrong == NULL)
			continue;
		redirect_text_rule(&plan->rules[i], &text);
		printf("\n    %s of families %d: %s\n", wrong, plan->rules[i].families, text.data);
		CU_FAIL_FATAL("a rule is malformed");
	}
}

/* Marks that are routed to lo are set by rules, in the modes that have them. */
static void check_routes(enum redirect_mode mode, const struct redirect_plan *plan)
{
	CU_ASSERT((mode == REDIRECT_MODE_REDIRECT) == (plan->route_count == 0));
	CU_ASSERT(plan->gate_table ==
		  (mode == REDIRECT_MODE_REDIRECT ? PLAN_TABLE_NAT : PLAN_TABLE_MANGLE));
	for (size_t i = 0; i < plan->route_count; i++) {
		bool is_set = false;

		for (size_t j = 0; j < plan->count; j++)
			is_set = is_set || plan->rules[j].set_mark == plan->route_marks[i];
		CU_ASSERT_FATAL(is_set);
	}
}

static void test_form(void)
{
	size_t rules[REDIRECT_MODE_TPROXY_BOTH + 1] = {0};

	drawn_restart(88172645);
	for (size_t i = 0; i < DOCUMENTS; i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = draw_document();
		CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
		struct err err = {0};

		CU_ASSERT_FATAL(redirect_plan_build(&spec, &plan, &err) == 0);
		check_form(&plan);
		check_routes(spec.mode, &plan);
		rules[spec.mode] += plan.count;
	}
	CU_ASSERT(rules[REDIRECT_MODE_REDIRECT] > 1000);
	CU_ASSERT(rules[REDIRECT_MODE_TPROXY] > 1000);
	CU_ASSERT(rules[REDIRECT_MODE_TPROXY_BOTH] > 1000);
}

static CU_TestInfo tests[] = {{"rules are well formed, reached, and there once", test_form},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/redirect_plan: form", tests)
