/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captured DNS and what the proxy asks are kept apart by conntrack: with the same source port and
 * server they would otherwise be one connection, and the proxy's question come back to itself.
 */
#include "cni/core/plan_order.h"
#include "cni/core/plan_parts.h"
#include "cni/core/plan_rules.h"

enum { ZONE_UPSTREAM = 1, ZONE_CAPTURED = 2 };

static struct plan_rule upstream(enum plan_chain chain, const char *why)
{
	return plan_for(PLAN_UDP, plan_set_zone(chain, ZONE_UPSTREAM, why));
}

static struct plan_rule captured(enum plan_chain chain, const char *why)
{
	return plan_for(PLAN_UDP, plan_set_zone(chain, ZONE_CAPTURED, why));
}

/* What comes from servers, and what a reroute interface asks them. */
static void plan_zone_in(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule answer = upstream(PLAN_CHAIN_ZONE_IN, "answer of a server");
	struct plan_rule rerouted = captured(PLAN_CHAIN_ZONE_IN, "rerouted DNS");

	rerouted.is_destination_foreign = true;
	for (size_t i = 0; i < spec->reroute_interfaces.count; i++) {
		rerouted.in_interface = spec->reroute_interfaces.items[i];
		plan_add_dns(builder, spec, rerouted);
	}
	answer.source_port = PLAN_DNS_PORT;
	plan_add(builder, &answer);
}

/*
 * The proxy's answers have no match by owner: a proxy that binds as root and drops its privileges
 * keeps root's socket. What is on lo keeps the zone 0 that its answer has. All other DNS that is
 * not captured is in the zone of the answers that come in for it.
 */
static void plan_zone_out(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule answer = captured(PLAN_CHAIN_ZONE_OUT, "answer of the proxy");
	struct plan_rule local = plan_pass(PLAN_CHAIN_ZONE_OUT, "the pod to itself");
	struct plan_rule question =
		plan_at_port(PLAN_DNS_PORT, upstream(PLAN_CHAIN_ZONE_OUT, "to another server"));

	answer.source_port = spec->dns_port;
	plan_add(builder, &answer);
	local.out_interface = PLAN_LOOPBACK;
	plan_add(builder, &local);
	plan_add_senders(builder, spec, question, question, true);
	plan_add_dns(builder, spec, captured(PLAN_CHAIN_ZONE_OUT, ""));
	question = plan_of(~plan_families_whole(&spec->dns_servers), question);
	plan_add(builder, &question);
}

void plan_zones(struct plan_builder *builder, const struct redirect_spec *spec)
{
	if (spec->dns_port == 0 || spec->mode == REDIRECT_MODE_TPROXY_BOTH)
		return;
	plan_zone_in(builder, spec);
	plan_zone_out(builder, spec);
}
