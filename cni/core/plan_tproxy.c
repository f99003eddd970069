/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_order.h"
#include "cni/core/plan_parts.h"
#include "cni/core/plan_rules.h"

static bool is_both(const struct redirect_spec *spec)
{
	return spec->mode == REDIRECT_MODE_TPROXY_BOTH;
}

/* The families of which something outbound is marked. */
static unsigned int outbound_families(const struct redirect_spec *spec)
{
	return is_both(spec) ? plan_captured_families(spec) : 0;
}

/* Those of which something on lo is to go to the inbound port. */
static unsigned int inbound_families(const struct redirect_spec *spec)
{
	return spec->gate_port != 0 || spec->self_call == SELF_CALL_INBOUND ? PLAN_BOTH : 0;
}

static void add(struct plan_builder *builder, struct plan_rule rule)
{
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

/* Here it has the destination that it had before NAT, and that is the host's own of what is
 * masqueraded, or published. A connection that is new is not known to be such. */
static void add_translated(struct plan_builder *builder)
{
	struct plan_rule rule =
		plan_for(PLAN_TCP, plan_pass(PLAN_CHAIN_TPROXY, "is forwarded by NAT"));

	rule.state = PLAN_TRANSLATED;
	plan_add(builder, &rule);
}

/* On lo: what was marked, what the proxy sends in a caller's name, and the rest, which passes. */
static void add_on_loopback(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule outbound =
		plan_goto(PLAN_CHAIN_TPROXY, PLAN_CHAIN_TPROXY_OUT, "marked outbound");
	struct plan_rule inbound =
		plan_tproxy_to(PLAN_CHAIN_TPROXY, spec->inbound_port, "marked inbound");
	struct plan_rule back =
		plan_set_mark(PLAN_CHAIN_TPROXY, PLAN_MARK_BACK, "the proxy in a caller's name");
	struct plan_rule local = plan_pass(PLAN_CHAIN_TPROXY, "the pod to itself");

	add(builder, plan_of(outbound_families(spec), plan_marked(PLAN_MARK_OUTBOUND, outbound)));
	add(builder, plan_of(inbound_families(spec), plan_marked(PLAN_MARK_INBOUND, inbound)));
	back.protocol = PLAN_TCP;
	back.is_source_foreign = true;
	back.in_interface = local.in_interface = PLAN_LOOPBACK;
	plan_add(builder, &back);
	plan_add(builder, &local);
}

/* What comes in; and what comes back on lo, where what is marked has foreign addresses, too. Mode
 * tproxy reroutes by nat. */
static void plan_in(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule captured =
		plan_tproxy_to(PLAN_CHAIN_TPROXY, spec->inbound_port, "captured for the proxy");

	if (is_both(spec))
		plan_add_rerouted(builder, spec,
				  plan_goto(PLAN_CHAIN_TPROXY, PLAN_CHAIN_TPROXY_REROUTED, ""));
	add_connected(builder);
	add_on_loopback(builder, spec);
	if (!is_both(spec))
		add_translated(builder);
	plan_add_forwarded(builder, PLAN_CHAIN_TPROXY);
	if (is_both(spec))
		add(builder, plan_for(PLAN_TCP, plan_set_mark(PLAN_CHAIN_TPROXY, PLAN_MARK_PAST,
							      "from outside")));
	plan_add_inbound(builder, spec, captured);
}

/* The outbound logic in a chain, of which what is captured goes on in another. */
static struct plan_outbound outbound_in(enum plan_chain chain, enum plan_chain capture_chain,
					enum plan_chain target_chain)
{
	struct plan_rule captured =
		plan_for(PLAN_TCP, plan_goto(chain, target_chain, "captured for the proxy"));

	return (struct plan_outbound){.proxy = plan_pass(chain, ""),
				      .dns = captured,
				      .captured = captured,
				      .capture_chain = capture_chain};
}

/* The chain for ports of included destinations. */
static void add_capture_chain(struct plan_builder *builder, const struct redirect_spec *spec,
			      const struct plan_outbound *way)
{
	struct plan_rule captured = way->captured;

	captured.chain = way->capture_chain;
	plan_add_capture_chain(builder, spec, captured);
}

/* What goes out without a socket of the pod. It has no mark yet. */
static void plan_rerouted(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_outbound way = outbound_in(PLAN_CHAIN_TPROXY_REROUTED,
					       PLAN_CHAIN_TPROXY_CAPTURE, PLAN_CHAIN_TPROXY_OUT);
	unsigned int families = outbound_families(spec);

	if (spec->reroute_interfaces.count == 0)
		return;
	way.captured = plan_of(families, way.captured);
	plan_add_receivers(builder, spec, &way);
	add_capture_chain(builder, spec, &way);
	add(builder, plan_of(families, plan_set_mark(PLAN_CHAIN_TPROXY_OUT, PLAN_MARK_OUTBOUND,
						     "to be routed to lo")));
}

/* At the proxy's ports, what goes out. */
static void plan_out(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule dns = plan_tproxy_to(PLAN_CHAIN_TPROXY_OUT, spec->dns_port, "");
	struct plan_rule captured = plan_tproxy_to(PLAN_CHAIN_TPROXY_OUT, spec->outbound_port,
						   "captured for the proxy");

	plan_rerouted(builder, spec);
	plan_add_dns(builder, spec, plan_for(PLAN_UDP, dns));
	plan_add_dns(builder, spec, dns);
	plan_add_port_map(builder, spec, captured);
	add(builder, plan_of(plan_included_families(spec), captured));
}

/* A socket that is accepted inherits the mark, and would send its answers to lo. */
static void plan_deliver(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule =
		plan_set_mark(PLAN_CHAIN_DELIVER, PLAN_MARK_NONE, "not for the proxy's socket");

	add(builder, plan_of(outbound_families(spec), plan_marked(PLAN_MARK_OUTBOUND, rule)));
	add(builder, plan_of(inbound_families(spec), plan_marked(PLAN_MARK_INBOUND, rule)));
}

/* Answers of sockets that have accepted, by the mark that they got. */
static void add_answers(struct plan_builder *builder)
{
	add(builder, plan_marked(PLAN_MARK_PAST, plan_pass(PLAN_CHAIN_MARK, "answer to outside")));
	add(builder,
	    plan_marked(PLAN_MARK_BACK, plan_pass(PLAN_CHAIN_MARK, "answer to the proxy")));
}

/* The outbound logic; of mode tproxy only what stays in the pod. */
static void plan_marks(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_outbound way =
		outbound_in(PLAN_CHAIN_MARK, PLAN_CHAIN_MARK_CAPTURE, PLAN_CHAIN_MARK_OUTBOUND);
	bool is_self_call = spec->self_call == SELF_CALL_INBOUND;

	if (is_self_call)
		way.proxy = plan_goto(PLAN_CHAIN_MARK, PLAN_CHAIN_MARK_PROXY, "");
	if (is_both(spec))
		add_answers(builder);
	plan_add_gate_from_inside(builder, spec,
				  plan_goto(PLAN_CHAIN_MARK, PLAN_CHAIN_MARK_INBOUND, ""));
	if (is_both(spec)) {
		plan_add_outbound(builder, spec, &way);
	} else if (is_self_call) {
		plan_add_inbound_source(builder, spec, plan_pass(PLAN_CHAIN_MARK, ""));
		plan_add_proxy(builder, spec, way.proxy);
	}
	if (is_self_call)
		plan_add_self_call(builder,
				   plan_goto(PLAN_CHAIN_MARK_PROXY, PLAN_CHAIN_MARK_INBOUND, ""));
	if (is_both(spec))
		add_capture_chain(builder, spec, &way);
	add(builder, plan_of(inbound_families(spec),
			     plan_set_mark(PLAN_CHAIN_MARK_INBOUND, PLAN_MARK_INBOUND,
					   "to the inbound port")));
	add(builder, plan_of(outbound_families(spec),
			     plan_set_mark(PLAN_CHAIN_MARK_OUTBOUND, PLAN_MARK_OUTBOUND,
					   "to be routed to lo")));
}

void plan_tproxy(struct plan_builder *builder, const struct redirect_spec *spec)
{
	if (spec->mode == REDIRECT_MODE_REDIRECT)
		return;
	plan_in(builder, spec);
	if (is_both(spec))
		plan_out(builder, spec);
	plan_deliver(builder, spec);
	plan_marks(builder, spec);
}
