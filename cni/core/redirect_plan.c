/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_plan.h"

#include <errno.h>
#include <stdlib.h>

#include "cni/core/plan_builder.h"
#include "common/base/cleanup.h"
#include "common/vocabulary.h"

static const struct cidr LOOPBACK_V4 = {.prefix_length = 8, .addr_be = {127}};
static const struct cidr LOCALHOST_V4 = {.prefix_length = CIDR_V4_BITS, .addr_be = {127, 0, 0, 1}};
static const struct cidr LOCALHOST_V6 = {
	.is_v6 = true, .prefix_length = CIDR_V6_BITS, .addr_be = {[15] = 1}};

static const struct interface_name LOOPBACK = {"lo"};

static const struct range_list NO_RANGES = {0};

static const struct {
	const char *name;
	enum plan_table table;
	const char *hook;
} CHAINS[PLAN_CHAIN_COUNT] = {
	[PLAN_CHAIN_ZONE_IN] = {"SIDEWIRE_ZONE_IN", PLAN_TABLE_RAW, "PREROUTING"},
	[PLAN_CHAIN_ZONE_OUT] = {"SIDEWIRE_ZONE_OUT", PLAN_TABLE_RAW, "OUTPUT"},
	[PLAN_CHAIN_TPROXY] = {"SIDEWIRE_TPROXY", PLAN_TABLE_MANGLE, "PREROUTING"},
	[PLAN_CHAIN_TPROXY_OUT] = {"SIDEWIRE_TPROXY_OUT", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_TPROXY_PAST] = {"SIDEWIRE_TPROXY_PAST", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_DELIVER] = {"SIDEWIRE_DELIVER", PLAN_TABLE_MANGLE, "INPUT"},
	[PLAN_CHAIN_MARK] = {"SIDEWIRE_MARK", PLAN_TABLE_MANGLE, "OUTPUT"},
	[PLAN_CHAIN_MARK_PROXY] = {"SIDEWIRE_MARK_PROXY", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_MARK_CAPTURE] = {"SIDEWIRE_MARK_CAPTURE", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_MARK_INBOUND] = {"SIDEWIRE_MARK_INBOUND", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_MARK_OUTBOUND] = {"SIDEWIRE_MARK_OUTBOUND", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_INVALID] = {"SIDEWIRE_INVALID", PLAN_TABLE_FILTER, "INPUT"},
	[PLAN_CHAIN_NON_TCP] = {"SIDEWIRE_NON_TCP", PLAN_TABLE_FILTER, "OUTPUT"},
	[PLAN_CHAIN_INBOUND] = {"SIDEWIRE_INBOUND", PLAN_TABLE_NAT, "PREROUTING"},
	[PLAN_CHAIN_OUTBOUND] = {"SIDEWIRE_OUTBOUND", PLAN_TABLE_NAT, "OUTPUT"},
	[PLAN_CHAIN_PROXY] = {"SIDEWIRE_PROXY", PLAN_TABLE_NAT, NULL},
	[PLAN_CHAIN_REROUTED] = {"SIDEWIRE_REROUTED", PLAN_TABLE_NAT, NULL},
	[PLAN_CHAIN_CAPTURE] = {"SIDEWIRE_CAPTURE", PLAN_TABLE_NAT, NULL},
};

const char *plan_chain_name(enum plan_chain chain)
{
	return CHAINS[chain].name;
}

enum plan_table plan_chain_table(enum plan_chain chain)
{
	return CHAINS[chain].table;
}

const char *plan_chain_hook(enum plan_chain chain)
{
	return CHAINS[chain].hook;
}

const char *plan_table_name(enum plan_table table)
{
	static const char *const NAMES[PLAN_TABLE_COUNT] = {
		[PLAN_TABLE_RAW] = "raw",
		[PLAN_TABLE_MANGLE] = "mangle",
		[PLAN_TABLE_FILTER] = "filter",
		[PLAN_TABLE_NAT] = "nat",
	};

	return NAMES[table];
}

/* A rule that lets everything of both families pass, to start from. */
static struct plan_rule pass_rule(enum plan_chain chain, const char *why)
{
	return (struct plan_rule){
		.chain = chain, .families = PLAN_BOTH, .verdict = PLAN_PASS, .why = why};
}

/* A rule that sends all TCP of both families to the port, to start from. */
static struct plan_rule redirect_rule(enum plan_chain chain, uint16_t port, const char *why)
{
	return (struct plan_rule){.chain = chain,
				  .families = PLAN_BOTH,
				  .protocol = PLAN_TCP,
				  .verdict = PLAN_REDIRECT,
				  .port = port,
				  .why = why};
}

/* The gate comes before every exclusion: it answers as long as rules and proxy are there. */
static void plan_gate(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule = redirect_rule(PLAN_CHAIN_INBOUND, spec->inbound_port, "the gate");

	if (spec->gate_port == 0)
		return;
	rule.port_count = 1;
	rule.ports[0] = (struct range){spec->gate_port, spec->gate_port};
	plan_add(builder, &rule);
}

static void plan_inbound(struct plan_builder *builder, const struct redirect_spec *spec)
{
	plan_gate(builder, spec);
	plan_add_cidrs(builder, pass_rule(PLAN_CHAIN_INBOUND, "excluded source"), PLAN_SOURCE,
		       &spec->exclude_inbound_cidrs);
	plan_add_ports(builder, pass_rule(PLAN_CHAIN_INBOUND, "excluded port"),
		       &spec->exclude_inbound_ports);
	plan_add_ports(
		builder,
		redirect_rule(PLAN_CHAIN_INBOUND, spec->inbound_port, "captured for the proxy"),
		&spec->include_inbound_ports);
}

/*
 * The gate as sidewire-gate asks from inside, on both loopbacks whatever the pod's families. Its
 * source port tells it from the proxy's own pass-through to that address, which would otherwise be
 * redirected again without end.
 */
static void plan_gate_from_inside(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule = redirect_rule(PLAN_CHAIN_OUTBOUND, spec->inbound_port,
					      "the gate, asked from inside");

	if (spec->gate_port == 0)
		return;
	rule.out_interface = LOOPBACK;
	rule.has_destination = true;
	rule.source_port = GATE_SOURCE_PORT;
	rule.port_count = 1;
	rule.ports[0] = (struct range){spec->gate_port, spec->gate_port};
	rule.families = PLAN_V4;
	rule.destination = LOCALHOST_V4;
	plan_add(builder, &rule);
	rule.families = PLAN_V6;
	rule.destination = LOCALHOST_V6;
	plan_add(builder, &rule);
}

/*
 * Every identity of the proxy is asked before anything is said about lo: were "lo, but not uid A"
 * to pass, it would shadow the rule for uid B. Under selfCall passthrough all of the proxy's
 * traffic passes, and a chain of its own would be empty.
 */
static void plan_proxy_identities(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule = pass_rule(PLAN_CHAIN_OUTBOUND, "the proxy's own traffic");

	if (spec->self_call == SELF_CALL_INBOUND) {
		rule.verdict = PLAN_GOTO;
		rule.target_chain = PLAN_CHAIN_PROXY;
	}
	plan_add_owners(builder, rule, PLAN_UID, &spec->proxy_uids, &NO_RANGES);
	plan_add_owners(builder, rule, PLAN_GID, &spec->proxy_gids, &NO_RANGES);
	if (spec->proxy_mark == 0)
		return;
	rule.has_mark = true;
	rule.mark = spec->proxy_mark;
	plan_add(builder, &rule);
}

/* Excluded ports are named for TCP alone: only TCP is captured, so UDP passes anyway. */
static void plan_outbound_exclusions(struct plan_builder *builder, const struct redirect_spec *spec)
{
	plan_add_owners(builder, pass_rule(PLAN_CHAIN_OUTBOUND, "excluded user"), PLAN_UID,
			&spec->exclude_uids, &spec->proxy_uids);
	plan_add_owners(builder, pass_rule(PLAN_CHAIN_OUTBOUND, "excluded group"), PLAN_GID,
			&spec->exclude_gids, &spec->proxy_gids);
	plan_add_ports(builder, pass_rule(PLAN_CHAIN_OUTBOUND, "excluded port"),
		       &spec->exclude_outbound_ports);
	plan_add_cidrs(builder, pass_rule(PLAN_CHAIN_OUTBOUND, "excluded destination"),
		       PLAN_DESTINATION, &spec->exclude_outbound_cidrs);
}

/*
 * Included ports and included prefixes must both match. Where prefixes narrow a family and ports
 * narrow too, the prefixes go on in a chain that holds the ports: a product of both lists would
 * have a rule for every pair.
 */
static void plan_capture(struct plan_builder *builder, const struct redirect_spec *spec)
{
	const struct range_list *ports = &spec->include_outbound_ports;
	struct plan_rule rule =
		redirect_rule(PLAN_CHAIN_OUTBOUND, spec->outbound_port, "captured for the proxy");

	rule.families = (enum plan_family)plan_families_whole(&spec->include_outbound_cidrs);
	if (rule.families != 0)
		plan_add_ports(builder, rule, ports);
	if (ports->count == 0)
		return;
	if (!plan_is_every_port(ports)) {
		rule.verdict = PLAN_GOTO;
		rule.port = 0;
		rule.target_chain = PLAN_CHAIN_CAPTURE;
		rule.why = "included destination";
	}
	plan_add_prefixes(builder, rule, PLAN_DESTINATION, &spec->include_outbound_cidrs);
}

static void plan_outbound(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule inside = pass_rule(PLAN_CHAIN_OUTBOUND, "the proxy to the application");
	struct plan_rule local = pass_rule(PLAN_CHAIN_OUTBOUND, "the application to itself");

	plan_gate_from_inside(builder, spec);
	inside.out_interface = LOOPBACK;
	plan_add_prefixes(builder, inside, PLAN_SOURCE, &spec->inbound_source);
	plan_proxy_identities(builder, spec);
	local.out_interface = LOOPBACK;
	plan_add(builder, &local);
	plan_outbound_exclusions(builder, spec);
	plan_capture(builder, spec);
}

/* The proxy calls an address of its own pod: the application called a service, and the proxy chose
 * this very pod. */
static void plan_self_call(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule =
		redirect_rule(PLAN_CHAIN_PROXY, spec->inbound_port, "the proxy to its own pod");

	if (spec->self_call != SELF_CALL_INBOUND)
		return;
	rule.out_interface = LOOPBACK;
	rule.has_destination = true;
	rule.is_destination_negated = true;
	rule.families = PLAN_V4;
	rule.destination = LOOPBACK_V4;
	plan_add(builder, &rule);
	rule.families = PLAN_V6;
	rule.destination = LOCALHOST_V6;
	plan_add(builder, &rule);
}

/* The chain that the GOTO rules of plan_capture() lead to. */
static void plan_captured_ports(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule =
		redirect_rule(PLAN_CHAIN_CAPTURE, spec->outbound_port, "captured for the proxy");

	rule.families = (enum plan_family)plan_families_partial(&spec->include_outbound_cidrs);
	if (rule.families != 0 && !plan_is_every_port(&spec->include_outbound_ports))
		plan_add_ports(builder, rule, &spec->include_outbound_ports);
}

int redirect_plan_build(const struct redirect_spec *spec, struct redirect_plan *ret_plan,
			struct err *err)
{
	struct plan_builder builder = {0};

	if (spec->mode == REDIRECT_MODE_REDIRECT) {
		plan_inbound(&builder, spec);
		plan_outbound(&builder, spec);
		plan_self_call(&builder, spec);
		plan_captured_ports(&builder, spec);
	}
	if (builder.errnum != 0)
		redirect_plan_release(&builder.plan);
	if (builder.errnum == E2BIG)
		return err_set(err, E2BIG, "the redirect document asks for more than %d rules",
			       PLAN_RULES_MAX);
	if (builder.errnum != 0)
		return err_set(err, builder.errnum, "out of memory");
	builder.plan.gate_table = PLAN_TABLE_NAT;
	*ret_plan = builder.plan;
	return 0;
}

void redirect_plan_release(struct redirect_plan *plan)
{
	free(plan->rules);
	*plan = (struct redirect_plan){0};
}
