/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/cni/core/plan_oracle.h"

#include <string.h>

#include "common/vocabulary.h"

static const struct expectation PASSES = {FATE_PASS, 0};
static const struct expectation REJECTED = {FATE_REJECTED, 0};

static struct expectation goes_to(uint16_t port)
{
	return (struct expectation){FATE_PROXY, port};
}

static bool cidr_holds(const struct cidr *prefix, const struct cidr *address)
{
	for (unsigned int bit = 0; bit < prefix->prefix_length; bit++) {
		unsigned int mask = 0x80U >> (bit % 8);

		if (((prefix->addr_be[bit / 8] ^ address->addr_be[bit / 8]) & mask) != 0)
			return false;
	}
	return prefix->is_v6 == address->is_v6;
}

static bool list_holds(const struct cidr_list *list, const struct cidr *address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (cidr_holds(&list->items[i], address))
			return true;
	}
	return false;
}

static bool is_on_loopback_network(const struct cidr *address)
{
	static const uint8_t localhost_v6[16] = {[15] = 1};

	return address->is_v6 ? memcmp(address->addr_be, localhost_v6, 16) == 0
			      : address->addr_be[0] == 127;
}

static bool is_localhost(const struct cidr *address)
{
	static const uint8_t localhost_v4[4] = {127, 0, 0, 1};

	return is_on_loopback_network(address) &&
	       (address->is_v6 || memcmp(address->addr_be, localhost_v4, 4) == 0);
}

static bool is_at(const struct interface_list *list, const struct packet *p)
{
	return interface_list_contains(list, p->interface.text);
}

static bool is_on_loopback(const struct packet *p)
{
	return strcmp(p->interface.text, "lo") == 0;
}

static bool is_captured_dns(const struct redirect_spec *spec, const struct packet *p)
{
	return spec->dns_port != 0 && p->destination_port == 53 &&
	       (p->protocol == PLAN_TCP || p->protocol == PLAN_UDP) &&
	       list_holds(&spec->dns_servers, &p->destination);
}

static bool is_excluded_receiver(const struct redirect_spec *spec, const struct packet *p)
{
	return range_list_contains(&spec->exclude_outbound_ports, p->destination_port) ||
	       list_holds(&spec->exclude_outbound_cidrs, &p->destination);
}

static bool is_included(const struct redirect_spec *spec, const struct packet *p)
{
	return range_list_contains(&spec->include_outbound_ports, p->destination_port) &&
	       list_holds(&spec->include_outbound_cidrs, &p->destination);
}

/* Outbound, and nobody exempt: decided by where it goes. */
static struct expectation by_receiver(const struct redirect_spec *spec, const struct packet *p)
{
	if (is_captured_dns(spec, p))
		return goes_to(spec->dns_port);
	if (p->protocol != PLAN_TCP || is_excluded_receiver(spec, p))
		return PASSES;
	for (size_t i = 0; i < spec->port_map.count; i++) {
		if (spec->port_map.items[i].destination == p->destination_port)
			return goes_to(spec->port_map.items[i].proxy);
	}
	return is_included(spec, p) ? goes_to(spec->outbound_port) : PASSES;
}

static bool is_gate(const struct redirect_spec *spec, const struct packet *p)
{
	return spec->gate_port != 0 && p->protocol == PLAN_TCP &&
	       p->destination_port == spec->gate_port;
}

static struct expectation inbound(const struct redirect_spec *spec, const struct packet *p)
{
	if (!p->is_destination_own)
		return is_at(&spec->reroute_interfaces, p) ? by_receiver(spec, p) : PASSES;
	if (is_gate(spec, p))
		return goes_to(spec->inbound_port);
	if (is_at(&spec->exclude_interfaces, p))
		return PASSES;
	if (p->protocol != PLAN_TCP || list_holds(&spec->exclude_inbound_cidrs, &p->source) ||
	    range_list_contains(&spec->exclude_inbound_ports, p->destination_port))
		return PASSES;
	return range_list_contains(&spec->include_inbound_ports, p->destination_port)
		       ? goes_to(spec->inbound_port)
		       : PASSES;
}

static bool is_asking_the_gate(const struct redirect_spec *spec, const struct packet *p)
{
	return is_gate(spec, p) && is_localhost(&p->destination) &&
	       p->source_port == GATE_SOURCE_PORT;
}

static bool is_of_the_proxy(const struct redirect_spec *spec, const struct packet *p)
{
	return range_list_contains(&spec->proxy_uids, p->uid) ||
	       range_list_contains(&spec->proxy_gids, p->gid) ||
	       (spec->proxy_mark != 0 && spec->proxy_mark == p->mark);
}

static bool is_exempt_sender(const struct redirect_spec *spec, const struct packet *p)
{
	return is_at(&spec->exclude_interfaces, p) || is_on_loopback(p) ||
	       is_of_the_proxy(spec, p) || range_list_contains(&spec->exclude_uids, p->uid) ||
	       range_list_contains(&spec->exclude_gids, p->gid);
}

static bool is_self_call(const struct redirect_spec *spec, const struct packet *p)
{
	return spec->self_call == SELF_CALL_INBOUND && p->protocol == PLAN_TCP &&
	       is_on_loopback(p) && is_of_the_proxy(spec, p) &&
	       !is_on_loopback_network(&p->destination) &&
	       !list_holds(&spec->inbound_source, &p->source);
}

/* Its socket was accepted, and its mark says where from. */
static bool is_marked_answer(const struct redirect_spec *spec, const struct packet *p)
{
	return spec->mode == REDIRECT_MODE_TPROXY_BOTH &&
	       (p->mark == PLAN_MARK_PAST || p->mark == PLAN_MARK_BACK);
}

static bool is_needed_icmp(const struct packet *p)
{
	if (p->protocol != PLAN_ICMP)
		return false;
	if (!p->source.is_v6)
		return p->icmp_type == 3 || p->icmp_type == 11 || p->icmp_type == 12;
	return (p->icmp_type >= 1 && p->icmp_type <= 4) ||
	       (p->icmp_type >= 130 && p->icmp_type <= 137) || p->icmp_type == 143;
}

/* What leaves the pod past the proxy. */
static struct expectation past_the_proxy(const struct redirect_spec *spec, const struct packet *p)
{
	if (p->protocol == PLAN_TCP || is_exempt_sender(spec, p) || is_excluded_receiver(spec, p))
		return PASSES;
	switch (spec->non_tcp) {
	case NON_TCP_ALLOW:
		return PASSES;
	case NON_TCP_REJECT_QUIC:
		return p->protocol == PLAN_UDP && p->destination_port == 443 ? REJECTED : PASSES;
	case NON_TCP_REJECT:
		break;
	}
	return is_needed_icmp(p) || (p->protocol == PLAN_UDP && p->destination_port == 53)
		       ? PASSES
		       : REJECTED;
}

static struct expectation outbound(const struct redirect_spec *spec, const struct packet *p)
{
	struct expectation expected = PASSES;

	if (is_marked_answer(spec, p))
		return past_the_proxy(spec, p);
	if (is_asking_the_gate(spec, p) || is_self_call(spec, p))
		return goes_to(spec->inbound_port);
	if (!is_exempt_sender(spec, p))
		expected = by_receiver(spec, p);
	return expected.fate == FATE_PASS ? past_the_proxy(spec, p) : expected;
}

struct expectation oracle(const struct redirect_spec *spec, const struct packet *packet)
{
	return packet->is_inbound ? inbound(spec, packet) : outbound(spec, packet);
}
