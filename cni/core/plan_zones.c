/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captured DNS is kept apart from all other by conntrack: what the proxy asks with the same source
 * port and server would otherwise be the same connection, and come back to itself. All other stays
 * in the zone 0 of what nobody sets: what a DNS server in the pod gets, and what a host forwards,
 * whose answers come back by NAT.
 */
#include "cni/core/plan_order.h"
#include "cni/core/plan_parts.h"
#include "cni/core/plan_rules.h"

enum { ZONE_CAPTURED = 2 };

static struct plan_rule captured(enum plan_chain chain, const char *why)
{
	return plan_for(PLAN_UDP, plan_set_zone(chain, ZONE_CAPTURED, why));
}

/*
 * What has port 53 at the pod's end may be the answer of a DNS server in the pod to a caller at
 * port 53, too, and that must stay with its question. So it is not told apart, and the proxy's
 * answers to it are neither. Where that is the proxy's own port all is captured.
 */
static void add_at_dns_port(struct plan_builder *builder, const struct redirect_spec *spec,
			    enum plan_chain chain)
{
	struct plan_rule from = plan_for(PLAN_UDP, plan_pass(chain, "from a DNS server's port"));
	struct plan_rule to =
		plan_at_port(PLAN_DNS_PORT, plan_because("answer of the proxy to it", from));

	from.source_port = PLAN_DNS_PORT;
	to.source_port = spec->dns_port;
	if (spec->dns_port == PLAN_DNS_PORT)
		return;
	plan_add(builder, &from);
	if (chain == PLAN_CHAIN_ZONE_OUT)
		plan_add(builder, &to);
}

/* What a reroute interface asks servers. */
static void plan_zone_in(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rerouted = captured(PLAN_CHAIN_ZONE_IN, "rerouted DNS");

	if (spec->reroute_interfaces.count > 0)
		add_at_dns_port(builder, spec, PLAN_CHAIN_ZONE_IN);
	rerouted.is_destination_foreign = true;
	for (size_t i = 0; i < spec->reroute_interfaces.count; i++) {
		rerouted.in_interface = spec->reroute_interfaces.items[i];
		plan_add_dns(builder, spec, rerouted);
	}
}

/*
 * The proxy's answers have no match by owner: a proxy that binds as root and drops its privileges
 * keeps root's socket. What is on lo keeps the zone that its answer has.
 */
static void plan_zone_out(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule answer = captured(PLAN_CHAIN_ZONE_OUT, "answer of the proxy");
	struct plan_rule local = plan_pass(PLAN_CHAIN_ZONE_OUT, "the pod to itself");
	struct plan_rule exempt =
		plan_at_port(PLAN_DNS_PORT, plan_for(PLAN_UDP, plan_pass(PLAN_CHAIN_ZONE_OUT, "")));

	add_at_dns_port(builder, spec, PLAN_CHAIN_ZONE_OUT);
	answer.source_port = spec->dns_port;
	plan_add(builder, &answer);
	local.out_interface = PLAN_LOOPBACK;
	plan_add(builder, &local);
	plan_add_senders(builder, spec, exempt, exempt, true);
	plan_add_dns(builder, spec, captured(PLAN_CHAIN_ZONE_OUT, ""));
}

void plan_zones(struct plan_builder *builder, const struct redirect_spec *spec)
{
	if (spec->dns_port == 0 || spec->mode == REDIRECT_MODE_TPROXY_BOTH)
		return;
	plan_zone_in(builder, spec);
	plan_zone_out(builder, spec);
}
