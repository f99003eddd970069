/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_evaluate.h"

#include <string.h>

#include "cni/core/plan_rules.h"

/* A packet on its way. */
struct walk {
	const struct redirect_plan *plan;
	struct packet packet; /* as it is now */
	struct packet_verdict verdict;
};

static bool cidr_holds(const struct cidr *prefix, const struct cidr *address)
{
	size_t bytes = prefix->prefix_length / 8;
	unsigned int bits = prefix->prefix_length % 8;
	unsigned int mask = 0xff00U >> bits;

	if (prefix->is_v6 != address->is_v6 ||
	    memcmp(prefix->addr_be, address->addr_be, bytes) != 0)
		return false;
	return bits == 0 ||
	       ((prefix->addr_be[bytes] ^ address->addr_be[bytes]) & mask & 0xffU) == 0;
}

static bool range_holds(const struct range *range, uint32_t value)
{
	return range->first <= value && value <= range->last;
}

static bool addresses_match(const struct plan_rule *rule, const struct packet *packet)
{
	if (rule->has_source && !cidr_holds(&rule->source, &packet->source))
		return false;
	if (rule->has_destination &&
	    cidr_holds(&rule->destination, &packet->destination) == rule->is_destination_negated)
		return false;
	return !(rule->is_source_foreign && packet->is_source_own) &&
	       !(rule->is_destination_foreign && packet->is_destination_own);
}

static bool ports_match(const struct plan_rule *rule, const struct packet *packet)
{
	if (rule->source_port != 0 && rule->source_port != packet->source_port)
		return false;
	for (size_t i = 0; i < rule->port_count; i++) {
		if (range_holds(&rule->ports[i], packet->destination_port))
			return true;
	}
	return rule->port_count == 0;
}

static bool icmp_matches(const struct plan_rule *rule, const struct packet *packet)
{
	return rule->icmp_count == 0 ||
	       memchr(rule->icmp_types, packet->icmp_type, rule->icmp_count) != NULL;
}

static bool owner_matches(const struct plan_rule *rule, const struct packet *packet)
{
	return (!rule->has_uid || range_holds(&rule->uids, packet->uid)) &&
	       (!rule->has_gid || range_holds(&rule->gids, packet->gid)) &&
	       (!rule->has_mark || rule->mark == packet->mark);
}

/* A rule asks for the interface of its hook: the one that the packet comes in or leaves by. */
static bool interface_matches(const struct interface_name *asked, const struct packet *packet)
{
	return asked->text[0] == '\0' || strcmp(asked->text, packet->interface.text) == 0;
}

/* What is asked of packets that are no connection's first. */
static bool is_for_later_packets(const struct plan_rule *rule)
{
	return rule->segment == PLAN_NOT_SYN || rule->state != PLAN_ANY_STATE || rule->has_socket;
}

static bool rule_matches(const struct plan_rule *rule, const struct packet *packet)
{
	enum plan_family family = packet->source.is_v6 ? PLAN_V6 : PLAN_V4;

	return (rule->families & family) != 0 && !is_for_later_packets(rule) &&
	       (rule->protocol == PLAN_ANY_PROTOCOL || rule->protocol == packet->protocol) &&
	       interface_matches(&rule->in_interface, packet) &&
	       interface_matches(&rule->out_interface, packet) && addresses_match(rule, packet) &&
	       ports_match(rule, packet) && icmp_matches(rule, packet) &&
	       owner_matches(rule, packet);
}

/* The rule at which a chain, and those that it leads to, ends; NULL: none has matched. What rules
 * lead to comes later in the plan. */
static const struct plan_rule *last_match(struct walk *walk, enum plan_chain chain)
{
	const struct redirect_plan *plan = walk->plan;
	const struct plan_rule *last = NULL;

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_rule *rule = &plan->rules[i];

		if (rule->chain != chain || !rule_matches(rule, &walk->packet))
			continue;
		if (rule->verdict == PLAN_MARK) {
			walk->packet.mark = rule->set_mark;
			continue;
		}
		last = rule;
		if (rule->verdict != PLAN_GOTO)
			break;
		chain = rule->target_chain;
	}
	return last;
}

static size_t number_of(const struct redirect_plan *plan, const struct plan_rule *rule)
{
	size_t number = 1;

	while (rule > plan->rules && rule[-1].chain == rule->chain) {
		rule--;
		number++;
	}
	return number;
}

static void decide(struct walk *walk, enum packet_fate fate, const struct plan_rule *rule)
{
	walk->verdict = (struct packet_verdict){.fate = fate,
						.port = rule->port,
						.rule = rule,
						.rule_number = number_of(walk->plan, rule)};
}

/* nat's REDIRECT of what the pod sends: to lo's address and another port. */
static void change_destination(struct packet *packet, uint16_t port)
{
	packet->destination = packet->source.is_v6 ? PLAN_LOCALHOST_V6 : PLAN_LOCALHOST_V4;
	packet->destination_port = port;
	packet->is_destination_own = true;
}

/* Walks a chain that a hook leads to. Of several rules that let it pass the first has decided. */
static void walk_chain(struct walk *walk, enum plan_chain chain)
{
	const struct plan_rule *rule = last_match(walk, chain);

	if (rule == NULL)
		return;
	switch (rule->verdict) {
	case PLAN_REDIRECT:
		change_destination(&walk->packet, rule->port);
		decide(walk, FATE_PROXY, rule);
		return;
	case PLAN_TPROXY:
		decide(walk, FATE_PROXY, rule);
		return;
	case PLAN_REJECT:
		decide(walk, FATE_REJECTED, rule);
		return;
	case PLAN_DROP:
		decide(walk, FATE_DROPPED, rule);
		return;
	case PLAN_PASS:
	case PLAN_GOTO:
		if (walk->verdict.rule == NULL)
			decide(walk, FATE_PASS, rule);
		return;
	case PLAN_MARK:
	case PLAN_ZONE:
		return;
	}
}

/* Whether the packet is routed to lo by its mark. */
static bool is_routed_to_lo(const struct walk *walk)
{
	for (size_t i = 0; i < walk->plan->route_count; i++) {
		if (walk->plan->route_marks[i] == walk->packet.mark)
			return true;
	}
	return false;
}

/* At a socket of the pod. */
static void deliver(struct walk *walk)
{
	walk_chain(walk, PLAN_CHAIN_DELIVER);
	walk_chain(walk, PLAN_CHAIN_INVALID);
}

/* What the pod has sent comes in on lo. Its connection is known, and nat is not asked again. */
static void come_back(struct walk *walk)
{
	walk->packet.interface = PLAN_LOOPBACK;
	walk_chain(walk, PLAN_CHAIN_TPROXY);
	deliver(walk);
}

static void go_out(struct walk *walk)
{
	walk_chain(walk, PLAN_CHAIN_MARK);
	walk_chain(walk, PLAN_CHAIN_OUTBOUND);
	walk_chain(walk, PLAN_CHAIN_NON_TCP);
	if (walk->verdict.fate != FATE_PASS && walk->verdict.fate != FATE_PROXY)
		return;
	if (walk->packet.is_destination_own || is_routed_to_lo(walk))
		come_back(walk);
}

static void come_in(struct walk *walk)
{
	walk_chain(walk, PLAN_CHAIN_TPROXY);
	if (walk->verdict.fate == FATE_PASS)
		walk_chain(walk, PLAN_CHAIN_INBOUND);
	deliver(walk);
}

struct packet_verdict plan_evaluate(const struct redirect_plan *plan, const struct packet *packet)
{
	struct walk walk = {.plan = plan, .packet = *packet};

	if (packet->is_inbound)
		come_in(&walk);
	else
		go_out(&walk);
	return walk.verdict;
}
