/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_order.h"
#include "cni/core/plan_parts.h"
#include "cni/core/plan_rules.h"

/* Mode tproxy takes what comes in, and what stays in the pod, by mangle. */
static bool is_inbound_too(const struct redirect_spec *spec)
{
	return spec->mode == REDIRECT_MODE_REDIRECT;
}

static struct plan_rule to_inbound(enum plan_chain chain, const struct redirect_spec *spec)
{
	return plan_redirect_to(chain, spec->inbound_port, "captured for the proxy");
}

/* The outbound logic in a chain. */
static struct plan_outbound outbound_in(enum plan_chain chain, const struct redirect_spec *spec)
{
	struct plan_outbound way = {
		.proxy = plan_pass(chain, ""),
		.dns = plan_redirect_to(chain, spec->dns_port, ""),
		.captured = plan_redirect_to(chain, spec->outbound_port, "captured for the proxy"),
		.capture_chain = PLAN_CHAIN_CAPTURE,
	};

	if (is_inbound_too(spec) && spec->self_call == SELF_CALL_INBOUND)
		way.proxy = plan_goto(chain, PLAN_CHAIN_PROXY, "");
	return way;
}

static void plan_inbound(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rerouted = plan_goto(PLAN_CHAIN_INBOUND, PLAN_CHAIN_REROUTED, "");

	plan_add_rerouted(builder, spec, rerouted);
	if (!is_inbound_too(spec))
		return;
	plan_add_forwarded(builder, PLAN_CHAIN_INBOUND);
	plan_add_inbound(builder, spec, to_inbound(PLAN_CHAIN_INBOUND, spec));
}

void plan_nat(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_outbound outbound = outbound_in(PLAN_CHAIN_OUTBOUND, spec);
	struct plan_outbound rerouted = outbound_in(PLAN_CHAIN_REROUTED, spec);
	unsigned int families = plan_captured_families(spec);
	struct plan_rule captured = outbound.captured;

	if (spec->mode == REDIRECT_MODE_TPROXY_BOTH)
		return;
	plan_inbound(builder, spec);
	if (is_inbound_too(spec))
		plan_add_gate_from_inside(builder, spec, to_inbound(PLAN_CHAIN_OUTBOUND, spec));
	plan_add_outbound(builder, spec, &outbound);
	if (outbound.proxy.verdict == PLAN_GOTO)
		plan_add_self_call(builder, to_inbound(PLAN_CHAIN_PROXY, spec));
	rerouted.captured = plan_of(families, rerouted.captured);
	if (spec->reroute_interfaces.count > 0)
		plan_add_receivers(builder, spec, &rerouted);
	captured.chain = PLAN_CHAIN_CAPTURE;
	plan_add_capture_chain(builder, spec, captured);
}
