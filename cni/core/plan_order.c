/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_order.h"

#include "cni/core/plan_rules.h"
#include "common/vocabulary.h"

static const struct range_list NO_RANGES = {0};

unsigned int plan_included_families(const struct redirect_spec *spec)
{
	return spec->include_outbound_ports.count > 0
		       ? plan_families_any(&spec->include_outbound_cidrs)
		       : 0;
}

unsigned int plan_captured_families(const struct redirect_spec *spec)
{
	if (spec->port_map.count > 0)
		return PLAN_BOTH;
	return plan_included_families(spec) | plan_families_any(&spec->dns_servers);
}

void plan_add_rerouted(struct plan_builder *builder, const struct redirect_spec *spec,
		       struct plan_rule rerouted)
{
	rerouted = plan_of(plan_captured_families(spec), rerouted);
	rerouted.why = "reroute interface";
	rerouted.is_destination_foreign = true;
	plan_add_interfaces(builder, rerouted, PLAN_IN, &spec->reroute_interfaces);
}

void plan_add_forwarded(struct plan_builder *builder, enum plan_chain chain)
{
	struct plan_rule rule = plan_for(PLAN_TCP, plan_pass(chain, "is only forwarded"));

	rule.is_destination_foreign = true;
	plan_add(builder, &rule);
}

void plan_add_inbound(struct plan_builder *builder, const struct redirect_spec *spec,
		      struct plan_rule captured)
{
	struct plan_rule gate = plan_at_port(spec->gate_port, plan_because("the gate", captured));
	enum plan_chain chain = captured.chain;

	if (spec->gate_port != 0)
		plan_add(builder, &gate);
	plan_add_interfaces(builder, plan_pass(chain, "excluded interface"), PLAN_IN,
			    &spec->exclude_interfaces);
	plan_add_cidrs(builder, plan_pass(chain, "excluded source"), PLAN_SOURCE,
		       &spec->exclude_inbound_cidrs);
	plan_add_ports(builder, plan_for(PLAN_TCP, plan_pass(chain, "excluded port")),
		       &spec->exclude_inbound_ports);
	plan_add_ports(builder, captured, &spec->include_inbound_ports);
}

/* Its source port tells it from the proxy's own pass-through to that address, which would otherwise
 * be redirected again without end. */
void plan_add_gate_from_inside(struct plan_builder *builder, const struct redirect_spec *spec,
			       struct plan_rule inbound)
{
	struct plan_rule rule =
		plan_at_port(spec->gate_port, plan_because("the gate, asked from inside", inbound));

	if (spec->gate_port == 0)
		return;
	rule.protocol = PLAN_TCP;
	rule.out_interface = PLAN_LOOPBACK;
	rule.source_port = GATE_SOURCE_PORT;
	plan_add_destinations(builder, rule, &PLAN_LOCALHOST_V4, &PLAN_LOCALHOST_V6);
}

void plan_add_inbound_source(struct plan_builder *builder, const struct redirect_spec *spec,
			     struct plan_rule exempt)
{
	exempt.out_interface = PLAN_LOOPBACK;
	plan_add_prefixes(builder, plan_because("the proxy to the application", exempt),
			  PLAN_SOURCE, &spec->inbound_source);
}

/* They are asked before anything is said about lo: were "lo, but not uid A" to pass, it would
 * shadow the rule for uid B. */
void plan_add_proxy(struct plan_builder *builder, const struct redirect_spec *spec,
		    struct plan_rule proxy)
{
	proxy.why = "the proxy's own traffic";
	plan_add_owners(builder, proxy, PLAN_UID, &spec->proxy_uids, &NO_RANGES);
	plan_add_owners(builder, proxy, PLAN_GID, &spec->proxy_gids, &NO_RANGES);
	if (spec->proxy_mark == 0)
		return;
	proxy.has_mark = true;
	proxy.mark = spec->proxy_mark;
	plan_add(builder, &proxy);
}

void plan_add_self_call(struct plan_builder *builder, struct plan_rule inbound)
{
	inbound.protocol = PLAN_TCP;
	inbound.out_interface = PLAN_LOOPBACK;
	inbound.is_destination_negated = true;
	plan_add_destinations(builder, plan_because("the proxy to its own pod", inbound),
			      &PLAN_LOOPBACK_V4, &PLAN_LOCALHOST_V6);
}

void plan_add_senders(struct plan_builder *builder, const struct redirect_spec *spec,
		      struct plan_rule exempt, struct plan_rule proxy, bool is_lo_passed)
{
	struct plan_rule local = plan_because("the application to itself", exempt);

	plan_add_interfaces(builder, plan_because("excluded interface", exempt), PLAN_OUT,
			    &spec->exclude_interfaces);
	if (!is_lo_passed)
		plan_add_inbound_source(builder, spec, exempt);
	plan_add_proxy(builder, spec, proxy);
	local.out_interface = PLAN_LOOPBACK;
	if (!is_lo_passed)
		plan_add(builder, &local);
	plan_add_owners(builder, plan_because("excluded user", exempt), PLAN_UID,
			&spec->exclude_uids, &spec->proxy_uids);
	plan_add_owners(builder, plan_because("excluded group", exempt), PLAN_GID,
			&spec->exclude_gids, &spec->proxy_gids);
}

void plan_add_dns(struct plan_builder *builder, const struct redirect_spec *spec,
		  struct plan_rule dns)
{
	plan_add_cidrs(builder, plan_at_port(PLAN_DNS_PORT, plan_because("DNS", dns)),
		       PLAN_DESTINATION, &spec->dns_servers);
}

void plan_add_excluded_receivers(struct plan_builder *builder, const struct redirect_spec *spec,
				 struct plan_rule exempt, enum plan_protocol protocol)
{
	plan_add_ports(builder, plan_for(protocol, plan_because("excluded port", exempt)),
		       &spec->exclude_outbound_ports);
	plan_add_cidrs(builder, plan_because("excluded destination", exempt), PLAN_DESTINATION,
		       &spec->exclude_outbound_cidrs);
}

/* The ranges of destination ports that go to the proxy's port, or all for 0; how many there are. */
static size_t mapped_ranges(const struct port_map *map, uint16_t proxy,
			    struct range ranges[static PORT_MAP_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < map->count; i++) {
		uint16_t port = map->items[i].destination;

		if (proxy != 0 && map->items[i].proxy != proxy)
			continue;
		if (count > 0 && ranges[count - 1].last + 1 == port)
			ranges[count - 1].last = port;
		else
			ranges[count++] = (struct range){port, port};
	}
	return count;
}

static bool is_first_of_proxy(const struct port_map *map, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (map->items[i].proxy == map->items[index].proxy)
			return false;
	}
	return true;
}

void plan_add_port_map(struct plan_builder *builder, const struct redirect_spec *spec,
		       struct plan_rule captured)
{
	struct range ranges[PORT_MAP_MAX];
	struct range_list list = {ranges, 0};

	captured.why = "mapped port";
	if (captured.port == 0) {
		list.count = mapped_ranges(&spec->port_map, 0, ranges);
		plan_add_ports(builder, captured, &list);
		return;
	}
	for (size_t i = 0; i < spec->port_map.count; i++) {
		if (!is_first_of_proxy(&spec->port_map, i))
			continue;
		captured.port = spec->port_map.items[i].proxy;
		list.count = mapped_ranges(&spec->port_map, captured.port, ranges);
		plan_add_ports(builder, captured, &list);
	}
}

/*
 * Included ports and included prefixes must both match. Where prefixes narrow a family and ports
 * narrow too, the prefixes go on in a chain that holds the ports: a product of both lists would
 * have a rule for every pair.
 */
static void add_capture(struct plan_builder *builder, const struct redirect_spec *spec,
			const struct plan_outbound *way)
{
	const struct range_list *ports = &spec->include_outbound_ports;
	struct plan_rule rule = way->captured;

	plan_add_ports(builder, plan_of(plan_families_whole(&spec->include_outbound_cidrs), rule),
		       ports);
	if (ports->count == 0)
		return;
	if (!plan_is_every_port(ports))
		rule = plan_of(rule.families,
			       plan_for(PLAN_TCP, plan_goto(rule.chain, way->capture_chain,
							    "included destination")));
	plan_add_prefixes(builder, rule, PLAN_DESTINATION, &spec->include_outbound_cidrs);
}

void plan_add_capture_chain(struct plan_builder *builder, const struct redirect_spec *spec,
			    struct plan_rule captured)
{
	unsigned int narrow = plan_families_partial(&spec->include_outbound_cidrs);

	if (!plan_is_every_port(&spec->include_outbound_ports))
		plan_add_ports(builder, plan_of(narrow, captured), &spec->include_outbound_ports);
}

void plan_add_receivers(struct plan_builder *builder, const struct redirect_spec *spec,
			const struct plan_outbound *way)
{
	struct plan_rule exempt =
		plan_of(way->captured.families, plan_pass(way->captured.chain, ""));

	plan_add_dns(builder, spec, plan_for(PLAN_UDP, way->dns));
	plan_add_dns(builder, spec, way->dns);
	plan_add_excluded_receivers(builder, spec, exempt, PLAN_TCP);
	plan_add_port_map(builder, spec, way->captured);
	add_capture(builder, spec, way);
}

void plan_add_outbound(struct plan_builder *builder, const struct redirect_spec *spec,
		       const struct plan_outbound *way)
{
	plan_add_senders(builder, spec, plan_pass(way->proxy.chain, ""), way->proxy, false);
	plan_add_receivers(builder, spec, way);
}
