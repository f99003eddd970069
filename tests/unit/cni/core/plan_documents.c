/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/cni/core/plan_documents.h"

#include <string.h>

#include "common/vocabulary.h"
#include "tests/unit/suite.h"

/* Addresses and prefixes that hold, touch and miss each other. */
static const char *const PREFIXES[] = {"0.0.0.0/0",   "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3",
				       "127.0.0.0/8", "::/0",       "fd00::/8",    "fd00:1::/32",
				       "fd00:1::2:3", "::1"};
static const char *const OWN_ADDRESSES[] = {"10.1.2.3",    "127.0.0.1", "127.0.0.6", "127.0.0.9",
					    "fd00:1::2:3", "::1",       "::6"};
static const char *const FOREIGN_ADDRESSES[] = {"10.1.2.4",  "10.2.0.1",    "11.0.0.1",
						"fd00:2::1", "2001:db8::1", "fd00:1::2:4"};
static const char *const INTERFACES[] = {"eth0", "net1", "net2", "vnet0", "vnet1"};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(*(array))))

enum { VALUE_MAX = 40 }; /* ports and ids are drawn from 1 to this */

/* A small generator with a fixed beginning: every run sees the same cases. */
static uint32_t random_state;

void drawn_restart(uint32_t seed)
{
	random_state = seed;
}

static uint32_t random_below(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % bound;
}

static bool one_in(uint32_t n)
{
	return random_below(n) == 0;
}

static struct cidr cidr_of(const char *text)
{
	struct cidr cidr = {0};
	struct err err = {0};

	if (cidr_parse(text, strlen(text), &cidr, &err) < 0)
		CU_FAIL_FATAL("a bad prefix in a table");
	return cidr;
}

static void must(int r)
{
	if (r < 0)
		CU_FAIL_FATAL("a list that can not be drawn");
}

static void draw_ranges(struct range_list *list)
{
	struct err err = {0};
	uint32_t count = one_in(3) ? 0 : random_below(25);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t first = 1 + random_below(VALUE_MAX);
		uint32_t last = one_in(4) ? first + random_below(3) : first;

		must(range_list_add(list, first, last, &err));
	}
}

static void draw_included_ports(struct range_list *list)
{
	struct err err = {0};

	if (one_in(2))
		must(range_list_add(list, 1, 65535, &err));
	else
		draw_ranges(list);
}

static void draw_prefixes(struct cidr_list *list, uint32_t count_below)
{
	struct err err = {0};

	for (uint32_t count = random_below(count_below); count > 0; count--) {
		struct cidr prefix = cidr_of(PREFIXES[random_below(COUNT(PREFIXES))]);

		must(cidr_list_add(list, &prefix, &err));
	}
}

/* What version 2 brought; each more often absent than not. */
static void draw_v2(struct redirect_spec *spec)
{
	static const char *const EXCLUDED[] = {"net1", "net1,net2"};
	static const char *const REROUTED[] = {"vnet0", "vnet1,vnet0"};
	static const char *const MAPS[] = {"7:35", "2:35,7:35,8:35,9:36", "1:37,2:37,3:37,9:36"};
	struct err err = {0};

	if (one_in(3))
		must(interface_list_parse(EXCLUDED[random_below(2)], &spec->exclude_interfaces,
					  &err));
	if (one_in(3))
		must(interface_list_parse(REROUTED[random_below(2)], &spec->reroute_interfaces,
					  &err));
	if (one_in(2))
		must(port_map_parse(MAPS[random_below(3)], &spec->port_map, &err));
	if (one_in(2))
		draw_prefixes(&spec->dns_servers, 4);
	spec->dns_port = spec->dns_servers.count > 0 ? DRAWN_DNS_PORT : 0;
	spec->drop_invalid = spec->mode != REDIRECT_MODE_TPROXY_BOTH && one_in(3);
	if (one_in(2))
		spec->non_tcp = one_in(3) ? NON_TCP_REJECT_QUIC : NON_TCP_REJECT;
}

struct redirect_spec draw_document(void)
{
	static const enum redirect_mode MODES[] = {REDIRECT_MODE_REDIRECT, REDIRECT_MODE_TPROXY,
						   REDIRECT_MODE_TPROXY_BOTH};
	struct redirect_spec spec = {
		.mode = MODES[random_below(COUNT(MODES))],
		.outbound_port = DRAWN_OUTBOUND_PORT,
		.inbound_port = DRAWN_INBOUND_PORT,
		.gate_port = one_in(3) ? 0 : DRAWN_GATE_PORT,
		.proxy_mark = one_in(2) ? 0 : 1 + random_below(3),
		.self_call = one_in(2) ? SELF_CALL_INBOUND : SELF_CALL_PASSTHROUGH,
	};
	struct err err = {0};

	if (one_in(2))
		must(cidr_list_parse("127.0.0.6,::6", &spec.inbound_source, &err));
	draw_ranges(&spec.proxy_uids);
	draw_ranges(&spec.proxy_gids);
	if ((spec.proxy_uids.count == 0 && spec.proxy_gids.count == 0) ||
	    (spec.mode == REDIRECT_MODE_TPROXY_BOTH && spec.proxy_mark == 0))
		spec.proxy_mark = 1;
	draw_ranges(&spec.exclude_uids);
	draw_ranges(&spec.exclude_gids);
	draw_ranges(&spec.exclude_inbound_ports);
	draw_ranges(&spec.exclude_outbound_ports);
	draw_included_ports(&spec.include_inbound_ports);
	draw_included_ports(&spec.include_outbound_ports);
	draw_prefixes(&spec.exclude_inbound_cidrs, 3);
	draw_prefixes(&spec.exclude_outbound_cidrs, 3);
	draw_prefixes(&spec.include_outbound_cidrs, 6);
	if (!one_in(3))
		draw_v2(&spec);
	return spec;
}

static struct cidr draw_address(bool is_own)
{
	return cidr_of(is_own ? OWN_ADDRESSES[random_below(COUNT(OWN_ADDRESSES))]
			      : FOREIGN_ADDRESSES[random_below(COUNT(FOREIGN_ADDRESSES))]);
}

static void draw_ends(struct packet *packet)
{
	packet->is_source_own = packet->is_inbound ? one_in(20) : !one_in(10);
	packet->is_destination_own = packet->is_inbound ? !one_in(3) : one_in(3);
	packet->source = draw_address(packet->is_source_own);
	do
		packet->destination = draw_address(packet->is_destination_own);
	while (packet->destination.is_v6 != packet->source.is_v6);
}

static void draw_interface(struct packet *packet)
{
	const char *name = INTERFACES[random_below(COUNT(INTERFACES))];

	if (!packet->is_inbound && packet->is_destination_own)
		name = "lo";
	for (size_t i = 0; name[i] != '\0'; i++)
		packet->interface.text[i] = name[i];
}

static void draw_protocol(struct packet *packet)
{
	static const enum plan_protocol PROTOCOLS[] = {PLAN_UDP, PLAN_UDP, PLAN_ICMP,
						       PLAN_ANY_PROTOCOL};
	static const uint16_t PORTS[] = {
		DRAWN_GATE_PORT, DRAWN_GATE_PORT, 53, 53, 443, 8080, 2, 7, 9};

	packet->protocol = one_in(3) ? PROTOCOLS[random_below(COUNT(PROTOCOLS))] : PLAN_TCP;
	if (packet->protocol == PLAN_ICMP)
		packet->icmp_type =
			(uint8_t)(one_in(2) ? random_below(15) : 128 + random_below(17));
	if (packet->protocol != PLAN_TCP && packet->protocol != PLAN_UDP)
		return;
	packet->source_port = one_in(3) ? GATE_SOURCE_PORT : 50000;
	packet->destination_port = one_in(2) ? PORTS[random_below(COUNT(PORTS))]
					     : (uint16_t)(1 + random_below(VALUE_MAX + 5));
}

/* Ids lie beyond the lists more often than not, so that not everything is the proxy's. */
struct packet draw_packet(void)
{
	struct packet packet = {.is_inbound = one_in(3)};

	draw_ends(&packet);
	draw_interface(&packet);
	draw_protocol(&packet);
	if (packet.is_inbound)
		return packet;
	packet.uid = random_below(8 * VALUE_MAX);
	packet.gid = random_below(8 * VALUE_MAX);
	if (one_in(4))
		packet.mark = random_below(4);
	else if (one_in(20))
		packet.mark = one_in(2) ? PLAN_MARK_PAST : PLAN_MARK_BACK;
	return packet;
}
