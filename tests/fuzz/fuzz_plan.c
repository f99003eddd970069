/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A redirect document, its plan, both texts of that, and what becomes of packets that are near the
 * edges of its lists. What the proxy sends is never sent back to it as outbound; exclusion beats
 * inclusion; only what may be rejected is.
 */
#include <errno.h>

#include "cni/core/plan_evaluate.h"
#include "cni/core/redirect_plan.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "common/redirect_spec.h"
#include "common/vocabulary.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"

enum { PACKETS = 64, DNS_PORT = 53, QUIC_PORT = 443 };

/* What packets are drawn of: the same input draws the same. */
struct draw {
	uint32_t state;
	const struct redirect_spec *spec;
};

static uint32_t below(struct draw *draw, size_t limit)
{
	draw->state ^= draw->state << 13;
	draw->state ^= draw->state >> 17;
	draw->state ^= draw->state << 5;
	return (uint32_t)(draw->state % limit);
}

/* A value at, or beside, an end of a range of the list; any, where it has none. */
static uint32_t near_range(struct draw *draw, const struct range_list *list)
{
	if (list->count == 0)
		return below(draw, 65536);
	const struct range *range = &list->items[below(draw, list->count)];

	return (below(draw, 2) == 0 ? range->first : range->last) + below(draw, 3) - 1;
}

static uint16_t draw_port(struct draw *draw)
{
	const struct redirect_spec *spec = draw->spec;
	const struct range_list *const lists[] = {
		&spec->include_inbound_ports, &spec->exclude_inbound_ports,
		&spec->include_outbound_ports, &spec->exclude_outbound_ports};
	const uint16_t ports[] = {DNS_PORT,           QUIC_PORT,
				  spec->gate_port,    spec->outbound_port,
				  spec->inbound_port, spec->dns_port};
	uint32_t kind = below(draw, 8);

	if (kind < 4)
		return (uint16_t)near_range(draw, lists[kind]);
	if (kind == 4 && spec->port_map.count > 0)
		return spec->port_map.items[below(draw, spec->port_map.count)].destination;
	return ports[below(draw, sizeof(ports) / sizeof(*ports))];
}

/* An address of a family: the first of a prefix in one of the lists, or one that all may have. */
static struct cidr draw_address(struct draw *draw, bool is_v6)
{
	static const uint8_t ADDRESSES[][16] = {{127, 0, 0, 1}, {10, 1, 2, 3}, {192, 0, 2, 1},
						{[15] = 1},     {[15] = 6},    {0xfd}};
	const struct redirect_spec *spec = draw->spec;
	const struct cidr_list *const lists[] = {
		&spec->exclude_inbound_cidrs, &spec->include_outbound_cidrs,
		&spec->exclude_outbound_cidrs, &spec->dns_servers, &spec->inbound_source};
	const struct cidr_list *list = lists[below(draw, sizeof(lists) / sizeof(lists[0]))];
	const uint8_t *bytes = ADDRESSES[(is_v6 ? 3 : 0) + below(draw, 3)];
	struct cidr address = {.is_v6 = is_v6,
			       .prefix_length = is_v6 ? CIDR_V6_BITS : CIDR_V4_BITS};

	if (list->count > 0 && below(draw, 2) == 0) {
		const struct cidr *prefix = &list->items[below(draw, list->count)];

		bytes = prefix->is_v6 == is_v6 ? prefix->addr_be : bytes;
	}
	memcpy(address.addr_be, bytes, is_v6 ? 16 : 4);
	return address;
}

static struct interface_name draw_interface(struct draw *draw)
{
	static const struct interface_name ETH0 = {"eth0"};
	const struct interface_list *list = below(draw, 2) == 0 ? &draw->spec->exclude_interfaces
								: &draw->spec->reroute_interfaces;

	return list->count > 0 && below(draw, 2) == 0 ? list->items[below(draw, list->count)]
						      : ETH0;
}

static void draw_sender(struct draw *draw, struct packet *packet)
{
	const struct redirect_spec *spec = draw->spec;

	packet->uid =
		near_range(draw, below(draw, 2) == 0 ? &spec->proxy_uids : &spec->exclude_uids);
	packet->gid =
		near_range(draw, below(draw, 2) == 0 ? &spec->proxy_gids : &spec->exclude_gids);
	packet->mark = below(draw, 4) == 0 ? spec->proxy_mark : 0;
	if (packet->is_destination_own)
		packet->interface = (struct interface_name){"lo"};
}

static struct packet draw_packet(struct draw *draw)
{
	static const enum plan_protocol PROTOCOLS[] = {PLAN_TCP, PLAN_TCP,  PLAN_TCP,
						       PLAN_UDP, PLAN_ICMP, PLAN_ANY_PROTOCOL};
	bool is_v6 = below(draw, 2) == 0;
	struct packet packet = {
		.is_inbound = below(draw, 3) == 0,
		.protocol = PROTOCOLS[below(draw, sizeof(PROTOCOLS) / sizeof(*PROTOCOLS))],
		.source = draw_address(draw, is_v6),
		.destination = draw_address(draw, is_v6),
		.interface = draw_interface(draw),
		.is_source_own = below(draw, 2) == 0,
		.is_destination_own = below(draw, 3) == 0,
	};

	if (packet.protocol == PLAN_TCP || packet.protocol == PLAN_UDP) {
		packet.source_port = below(draw, 2) == 0 ? GATE_SOURCE_PORT : 50000;
		packet.destination_port = draw_port(draw);
	}
	if (packet.protocol == PLAN_ICMP)
		packet.icmp_type = (uint8_t)below(draw, 256);
	if (!packet.is_inbound)
		draw_sender(draw, &packet);
	return packet;
}

static bool list_holds(const struct cidr_list *list, const struct cidr *address)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct cidr *prefix = &list->items[i];
		unsigned int bit = 0;

		while (bit < prefix->prefix_length &&
		       ((prefix->addr_be[bit / 8] ^ address->addr_be[bit / 8]) &
			(0x80U >> (bit % 8))) == 0)
			bit++;
		if (bit == prefix->prefix_length && prefix->is_v6 == address->is_v6)
			return true;
	}
	return false;
}

static bool is_of_proxy(const struct redirect_spec *spec, const struct packet *p)
{
	return range_list_contains(&spec->proxy_uids, p->uid) ||
	       range_list_contains(&spec->proxy_gids, p->gid) ||
	       (spec->proxy_mark != 0 && spec->proxy_mark == p->mark);
}

static bool is_exempt(const struct redirect_spec *spec, const struct packet *p)
{
	return p->is_destination_own || is_of_proxy(spec, p) ||
	       range_list_contains(&spec->exclude_uids, p->uid) ||
	       range_list_contains(&spec->exclude_gids, p->gid) ||
	       interface_list_contains(&spec->exclude_interfaces, p->interface.text);
}

static bool is_excluded_receiver(const struct redirect_spec *spec, const struct packet *p)
{
	return range_list_contains(&spec->exclude_outbound_ports, p->destination_port) ||
	       list_holds(&spec->exclude_outbound_cidrs, &p->destination);
}

/* Whether something outbound may go to the proxy's port by what it is sent to. */
static bool may_be_captured(const struct redirect_spec *spec, const struct packet *p)
{
	bool is_dns = spec->dns_port != 0 && p->destination_port == DNS_PORT &&
		      list_holds(&spec->dns_servers, &p->destination);

	if (is_dns && (p->protocol == PLAN_TCP || p->protocol == PLAN_UDP))
		return true;
	return p->protocol == PLAN_TCP && !is_excluded_receiver(spec, p);
}

static void check_outbound(const struct redirect_spec *spec, const struct packet *p,
			   const struct packet_verdict *found)
{
	bool is_exempt_sender = is_exempt(spec, p);
	bool may_go_in = p->protocol == PLAN_TCP && p->is_destination_own &&
			 ((spec->gate_port != 0 && p->destination_port == spec->gate_port &&
			   p->source_port == GATE_SOURCE_PORT) ||
			  (spec->self_call == SELF_CALL_INBOUND && is_of_proxy(spec, p)));

	switch (found->fate) {
	case FATE_PROXY:
		if (is_exempt_sender)
			assert(may_go_in && found->port == spec->inbound_port);
		else
			assert(may_be_captured(spec, p));
		return;
	case FATE_REJECTED:
		assert(spec->non_tcp != NON_TCP_ALLOW && p->protocol != PLAN_TCP);
		assert(!is_exempt_sender && !is_excluded_receiver(spec, p));
		return;
	case FATE_PASS:
		assert(spec->non_tcp != NON_TCP_REJECT || p->protocol != PLAN_ANY_PROTOCOL ||
		       is_exempt_sender || is_excluded_receiver(spec, p));
		return;
	case FATE_DROPPED:
		assert(false);
	}
}

static void check_inbound(const struct redirect_spec *spec, const struct packet *p,
			  const struct packet_verdict *found)
{
	bool is_gate = spec->gate_port != 0 && p->protocol == PLAN_TCP && p->is_destination_own &&
		       p->destination_port == spec->gate_port;
	bool is_rerouted = !p->is_destination_own &&
			   interface_list_contains(&spec->reroute_interfaces, p->interface.text);
	bool is_excluded = p->protocol != PLAN_TCP || !p->is_destination_own ||
			   range_list_contains(&spec->exclude_inbound_ports, p->destination_port) ||
			   list_holds(&spec->exclude_inbound_cidrs, &p->source) ||
			   interface_list_contains(&spec->exclude_interfaces, p->interface.text);

	assert(found->fate == FATE_PASS || found->fate == FATE_PROXY);
	if (is_gate)
		assert(found->fate == FATE_PROXY && found->port == spec->inbound_port);
	else if (is_rerouted)
		assert(found->fate == FATE_PASS || may_be_captured(spec, p));
	else
		assert(found->fate == FATE_PASS ||
		       (!is_excluded && found->port == spec->inbound_port));
}

static void check_packets(const struct redirect_spec *spec, const struct redirect_plan *plan,
			  uint32_t seed)
{
	struct draw draw = {.state = seed, .spec = spec};

	for (size_t i = 0; i < PACKETS; i++) {
		struct packet packet = draw_packet(&draw);
		struct packet_verdict found = plan_evaluate(plan, &packet);

		assert((found.rule == NULL) == (found.rule_number == 0));
		assert(found.rule != NULL || found.fate == FATE_PASS);
		if (spec->mode == REDIRECT_MODE_NONE)
			assert(found.rule == NULL);
		else if (packet.is_inbound)
			check_inbound(spec, &packet, &found);
		else
			check_outbound(spec, &packet, &found);
	}
}

static void check_texts(const struct redirect_plan *plan)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	redirect_text_plan(plan, PLAN_V4, &text);
	redirect_text_plan(plan, PLAN_V6, &text);
	redirect_text_words(plan, &text);
	assert(!text.is_failed);
}

/* FNV-1a; never 0, of which nothing could be drawn. */
static uint32_t hash_of(const uint8_t *data, size_t size)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 16777619;
	return hash | 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct err err = {0};

	if (redirect_spec_decode((const char *)data, size, &spec, &err) < 0) {
		fuzz_check_failure(&err);
		return 0;
	}
	int r = redirect_plan_build(&spec, &plan, &err);

	assert(r == 0 || r == -E2BIG);
	if (r == 0) {
		check_texts(&plan);
		check_packets(&spec, &plan, hash_of(data, size));
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_json(data, size, max_size, seed, FUZZ_DOCUMENT_WORDS);
}
