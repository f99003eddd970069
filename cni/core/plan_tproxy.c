/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_order.h"
#include "cni/core/plan_parts.h"
#include "cni/core/plan_rules.h"

static bool is_both(const struct redirect_spec *spec)
{
	return spec->mode == REDIRECT_MODE_TPROXY_BOTH;
}

/* Whether something on lo is to go to the inbound port. */
static bool has_inbound_mark(const struct redirect_spec *spec)
{
	return spec->gate_port != 0 || spec->self_call == SELF_CALL_INBOUND;
}

static struct plan_rule with_mark(enum plan_mark mark, struct plan_rule rule)
{
	rule.has_mark = true;
	rule.mark = mark;
	return rule;
}

/* Whatever has the mark ends in the rule, of these families. */
static void add_marked(struct plan_builder *builder, enum plan_mark mark, unsigned int families,
		       struct plan_rule rule)
{
	rule = with_mark(mark, rule);
	rule.families &= families;
	if (rule.families != 0)
		plan_add(builder, &rule);
}

/*
 * Segments of connections that are there go to their sockets as they are: answers to what the pod
 * sends, and what the proxy's transparent sockets have accepted.
 */
static void add_connected(struct plan_builder *builder)
{
	struct plan_rule rule =
		plan_for(PLAN_TCP, plan_pass(PLAN_CHAIN_TPROXY, "of an open connection"));

	rule.segment = PLAN_NOT_SYN;
	rule.has_socket = true;
	plan_add(builder, &rule);
}

/* Answers to what a reroute interface sent out find no socket: they are for the other side of it.
 * Without conntrack they are known by their destination. */
static void add_rerouted_answers(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule =
		plan_for(PLAN_TCP, plan_pass(PLAN_CHAIN_TPROXY, "answer to rerouted traffic"));

	if (spec->reroute_interfaces.count == 0)
		return;
	if (is_both(spec)) {
		rule.segment = PLAN_NOT_SYN;
		rule.is_destination_foreign = true;
	} else {
		rule.state = PLAN_REPLY;
	}
	plan_add(builder, &rule);
}

/* On lo: what was marked, what the proxy sends in a caller's name, and the rest, which passes. */
static void add_on_loopback(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule back = plan_for(PLAN_TCP, plan_set_mark(PLAN_CHAIN_TPROXY, PLAN_MARK_BACK,
								 "the proxy in a caller's name"));
	struct plan_rule local = plan_pass(PLAN_CHAIN_TPROXY, "the pod to itself");

	if (is_both(spec))
		add_marked(builder, PLAN_MARK_OUTBOUND, plan_captured_families(spec),
			   plan_goto(PLAN_CHAIN_TPROXY, PLAN_CHAIN_TPROXY_OUT, "marked outbound"));
	if (has_inbound_mark(spec))
		add_marked(builder, PLAN_MARK_INBOUND, PLAN_BOTH,
			   plan_tproxy_to(PLAN_CHAIN_TPROXY, spec->inbound_port, "marked inbound"));
	back.segment = PLAN_SYN;
	back.is_source_foreign = true;
	back.in_interface = local.in_interface = PLAN_LOOPBACK;
	plan_add(builder, &back);
	plan_add(builder, &local);
}

static void plan_prerouting(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule captured =
		plan_tproxy_to(PLAN_CHAIN_TPROXY, spec->inbound_port, "captured for the proxy");
	struct plan_rule past = plan_for(
		PLAN_TCP, plan_set_mark(PLAN_CHAIN_TPROXY, PLAN_MARK_PAST, "from outside"));
	/* nat takes it. */
	struct plan_rule rerouted = plan_pass(PLAN_CHAIN_TPROXY, "reroute interface");

	if (is_both(spec))
		plan_add_rerouted(builder, spec,
				  plan_goto(PLAN_CHAIN_TPROXY, PLAN_CHAIN_TPROXY_REROUTED,
					    "reroute interface"));
	add_connected(builder);
	add_rerouted_answers(builder, spec);
	add_on_loopback(builder, spec);
	if (is_both(spec))
		plan_add(builder, &past);
	plan_add_inbound(builder, spec, captured, is_both(spec) ? NULL : &rerouted);
}

/* What the application sends, and what is rerouted, at the proxy's ports. */
static void plan_out(struct plan_builder *builder, const struct redirect_spec *spec)
{
	const struct plan_outbound rerouted = {
		.dns = plan_for(PLAN_TCP,
				plan_goto(PLAN_CHAIN_TPROXY_REROUTED, PLAN_CHAIN_TPROXY_OUT, "")),
		.captured = plan_for(PLAN_TCP,
				     plan_goto(PLAN_CHAIN_TPROXY_REROUTED, PLAN_CHAIN_TPROXY_OUT,
					       "captured for the proxy")),
		.capture_chain = PLAN_CHAIN_TPROXY_CAPTURE,
	};
	struct plan_rule mark =
		plan_set_mark(PLAN_CHAIN_TPROXY_OUT, PLAN_MARK_OUTBOUND, "to be routed to lo");
	struct plan_rule dns = plan_tproxy_to(PLAN_CHAIN_TPROXY_OUT, spec->dns_port, "");
	struct plan_rule captured = plan_tproxy_to(PLAN_CHAIN_TPROXY_OUT, spec->outbound_port,
						   "captured for the proxy");
	struct plan_rule goes_on = rerouted.captured;

	mark.families &= plan_captured_families(spec);
	if (mark.families == 0)
		return;
	if (spec->reroute_interfaces.count > 0) {
		goes_on.chain = PLAN_CHAIN_TPROXY_CAPTURE;
		plan_add_receivers(builder, spec, &rerouted);
		plan_add_capture_chain(builder, spec, goes_on);
		plan_add(builder, &mark);
	}
	plan_add_dns(builder, spec, plan_for(PLAN_UDP, dns));
	plan_add_dns(builder, spec, dns);
	plan_add_port_map(builder, spec, captured);
	captured.families &= plan_included_families(spec);
	if (captured.families != 0)
		plan_add(builder, &captured);
}

/* A socket that is accepted inherits the mark, and would send its answers to lo. */
static void plan_deliver(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule =
		plan_set_mark(PLAN_CHAIN_DELIVER, PLAN_MARK_NONE, "not for the proxy's socket");

	if (is_both(spec))
		add_marked(builder, PLAN_MARK_OUTBOUND, plan_captured_families(spec), rule);
	if (has_inbound_mark(spec))
		add_marked(builder, PLAN_MARK_INBOUND, PLAN_BOTH, rule);
}

/* The outbound logic in SIDEWIRE_MARK; of mode tproxy only what stays in the pod. */
static void plan_mark_senders(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule exempt = plan_pass(PLAN_CHAIN_MARK, "");
	struct plan_outbound way = {
		.proxy = exempt,
		.dns = plan_for(PLAN_TCP, plan_goto(PLAN_CHAIN_MARK, PLAN_CHAIN_MARK_OUTBOUND, "")),
		.captured = plan_for(PLAN_TCP, plan_goto(PLAN_CHAIN_MARK, PLAN_CHAIN_MARK_OUTBOUND,
							 "captured for the proxy")),
		.capture_chain = PLAN_CHAIN_MARK_CAPTURE,
	};

	if (spec->self_call == SELF_CALL_INBOUND)
		way.proxy = plan_goto(PLAN_CHAIN_MARK, PLAN_CHAIN_MARK_PROXY, "");
	plan_add_gate_from_inside(builder, spec,
				  plan_goto(PLAN_CHAIN_MARK, PLAN_CHAIN_MARK_INBOUND, ""));
	if (is_both(spec)) {
		plan_add_outbound(builder, spec, &way);
	} else if (spec->self_call == SELF_CALL_INBOUND) {
		plan_add_inbound_source(builder, spec, exempt);
		plan_add_proxy(builder, spec, way.proxy);
	}
}

static void plan_output(struct plan_builder *builder, const struct redirect_spec *spec)
{
	unsigned int outbound = is_both(spec) ? plan_captured_families(spec) : 0;
	struct plan_rule mark_inbound =
		plan_set_mark(PLAN_CHAIN_MARK_INBOUND, PLAN_MARK_INBOUND, "to the inbound port");
	struct plan_rule mark_outbound =
		plan_set_mark(PLAN_CHAIN_MARK_OUTBOUND, PLAN_MARK_OUTBOUND, "to be routed to lo");

	if (is_both(spec)) {
		add_marked(builder, PLAN_MARK_PAST, PLAN_BOTH,
			   plan_pass(PLAN_CHAIN_MARK, "answer to outside"));
		add_marked(builder, PLAN_MARK_BACK, PLAN_BOTH,
			   plan_pass(PLAN_CHAIN_MARK, "answer to the proxy"));
	}
	plan_mark_senders(builder, spec);
	if (spec->self_call == SELF_CALL_INBOUND)
		plan_add_self_call(builder,
				   plan_goto(PLAN_CHAIN_MARK_PROXY, PLAN_CHAIN_MARK_INBOUND, ""));
	if (outbound != 0)
		plan_add_capture_chain(builder, spec,
				       plan_for(PLAN_TCP, plan_goto(PLAN_CHAIN_MARK_CAPTURE,
								    PLAN_CHAIN_MARK_OUTBOUND,
								    "captured for the proxy")));
	if (has_inbound_mark(spec))
		plan_add(builder, &mark_inbound);
	mark_outbound.families &= outbound;
	if (mark_outbound.families != 0)
		plan_add(builder, &mark_outbound);
}

void plan_tproxy(struct plan_builder *builder, const struct redirect_spec *spec)
{
	if (spec->mode == REDIRECT_MODE_REDIRECT)
		return;
	plan_prerouting(builder, spec);
	if (is_both(spec))
		plan_out(builder, spec);
	plan_deliver(builder, spec);
	plan_output(builder, spec);
}
