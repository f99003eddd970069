/* SPDX-License-Identifier: GPL-2.0-or-later */
/* redirect_text's plain words. */
#include "cni/core/redirect_text.h"

enum { WORDS_REASON_WIDTH = 28 }; /* the longest reason of a plan's rules */

static void say_cidr(struct strbuf *out, const char *before, const struct cidr *cidr)
{
	strbuf_puts(out, before);
	cidr_format(cidr, out);
}

/* "80", or "8000-8010". */
static void say_range(struct strbuf *out, const struct range *range)
{
	strbuf_printf(out, "%u", range->first);
	if (range->last != range->first)
		strbuf_printf(out, "-%u", range->last);
}

/* "TCP", "new TCP", "TCP under way", "ICMP 3, 11"; nothing for any protocol. */
static void say_protocol(struct strbuf *out, const struct plan_rule *rule)
{
	static const char *const TCP[] = {[PLAN_ANY_SEGMENT] = "TCP",
					  [PLAN_SYN] = "new TCP",
					  [PLAN_NOT_SYN] = "TCP under way"};

	switch (rule->protocol) {
	case PLAN_ANY_PROTOCOL:
		return;
	case PLAN_TCP:
		strbuf_puts(out, TCP[rule->segment]);
		return;
	case PLAN_UDP:
		strbuf_puts(out, "UDP");
		return;
	case PLAN_ICMP:
		strbuf_puts(out, "ICMP");
		for (size_t i = 0; i < rule->icmp_count; i++)
			strbuf_printf(out, "%s%u", i > 0 ? ", " : " ", rule->icmp_types[i]);
		return;
	}
}

/* "TCP", "IPv6", "IPv4 TCP", "anything": a family is told where no address tells it. */
static void say_traffic(struct strbuf *out, const struct plan_rule *rule)
{
	bool is_family_told =
		rule->families == PLAN_BOTH || rule->has_source || rule->has_destination;
	bool has_protocol = rule->protocol != PLAN_ANY_PROTOCOL;

	if (!is_family_told)
		strbuf_puts(out, rule->families == PLAN_V4 ? "IPv4" : "IPv6");
	else if (!has_protocol)
		strbuf_puts(out, "anything");
	strbuf_puts(out, !is_family_told && has_protocol ? " " : "");
	say_protocol(out, rule);
}

static void say_socket(struct strbuf *out, const struct plan_rule *rule)
{
	static const char *const STATES[] = {
		[PLAN_ANY_STATE] = "",
		[PLAN_INVALID] = " of no connection",
		[PLAN_REPLY] = " in answer",
		[PLAN_TRANSLATED] = " changed by NAT",
	};

	strbuf_puts(out, STATES[rule->state]);
	strbuf_puts(out, rule->has_socket ? " of a socket that is there" : "");
	if (rule->has_uid) {
		strbuf_puts(out, " of uid ");
		say_range(out, &rule->uids);
	}
	if (rule->has_gid) {
		strbuf_puts(out, " of gid ");
		say_range(out, &rule->gids);
	}
	if (rule->has_mark)
		strbuf_printf(out, " with mark 0x%x", rule->mark);
}

static void say_ports(struct strbuf *out, const struct plan_rule *rule)
{
	bool has_destination = rule->has_destination || rule->is_destination_foreign;

	if (rule->port_count > 0)
		strbuf_puts(out, has_destination ? "" : " to");
	else if (rule->protocol == PLAN_TCP && !has_destination)
		strbuf_puts(out, " to any port");
	for (size_t i = 0; i < rule->port_count; i++) {
		strbuf_puts(out, i > 0 ? ", " : rule->port_count > 1 ? " ports " : " port ");
		say_range(out, &rule->ports[i]);
	}
}

static void say_ends(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->has_source)
		say_cidr(out, " from ", &rule->source);
	if (rule->is_source_foreign)
		strbuf_puts(out, " from an address not the pod's");
	if (rule->source_port != 0)
		strbuf_printf(out, " from port %u", rule->source_port);
	if (rule->has_destination)
		say_cidr(out, rule->is_destination_negated ? " to all but " : " to ",
			 &rule->destination);
	if (rule->is_destination_foreign)
		strbuf_puts(out, rule->has_destination ? ", not the pod's own,"
						       : " to an address not the pod's");
	say_ports(out, rule);
	if (rule->in_interface.text[0] != '\0')
		strbuf_printf(out, " coming in at %s", rule->in_interface.text);
	if (rule->out_interface.text[0] != '\0')
		strbuf_printf(out, " on %s", rule->out_interface.text);
}

static void say_verdict(struct strbuf *out, const struct plan_rule *rule)
{
	switch (rule->verdict) {
	case PLAN_PASS:
		strbuf_puts(out, " passes");
		return;
	case PLAN_REDIRECT:
		strbuf_printf(out, " goes to port %u", rule->port);
		return;
	case PLAN_TPROXY:
		strbuf_printf(out, " goes unchanged to port %u", rule->port);
		return;
	case PLAN_MARK:
		if (rule->set_mark == PLAN_MARK_NONE)
			strbuf_puts(out, " loses its mark, and goes on");
		else
			strbuf_printf(out, " gets mark 0x%x, and goes on", rule->set_mark);
		return;
	case PLAN_ZONE:
		strbuf_printf(out, " is tracked in zone %u", rule->zone);
		return;
	case PLAN_REJECT:
		strbuf_puts(out, " is rejected");
		return;
	case PLAN_DROP:
		strbuf_puts(out, " is dropped");
		return;
	case PLAN_GOTO:
		strbuf_printf(out, " goes on in %s", plan_chain_name(rule->target_chain));
		return;
	}
}

/* "new TCP to port 15999 goes to port 15006", "anything of uid 15099 passes" */
static void say_rule(struct strbuf *out, const struct plan_rule *rule)
{
	say_traffic(out, rule);
	say_socket(out, rule);
	say_ends(out, rule);
	say_verdict(out, rule);
}

/* What comes by way of lo; nothing for a plan that marks nothing for it. */
static void say_routes(struct strbuf *out, const struct redirect_plan *plan)
{
	if (plan->route_count == 0)
		return;
	strbuf_puts(out, "Routes and sockets:\n");
	for (size_t i = 0; i < plan->route_count; i++)
		strbuf_printf(out,
			      "  what has mark 0x%x is routed to lo, by table %d at priority %d\n",
			      plan->route_marks[i], PLAN_ROUTE_TABLE, PLAN_ROUTE_PRIORITY);
	strbuf_puts(out, "  answers have the mark of what they answer "
			 "(tcp_fwmark_accept and fwmark_reflect are set)\n");
}

void redirect_text_words(const struct redirect_plan *plan, struct strbuf *out)
{
	static const char *const HEADINGS[PLAN_CHAIN_COUNT] = {
		[PLAN_CHAIN_ZONE_IN] = "Conntrack of what comes in",
		[PLAN_CHAIN_ZONE_OUT] = "Conntrack of what goes out",
		[PLAN_CHAIN_TPROXY] = "Into the pod, and on lo",
		[PLAN_CHAIN_TPROXY_REROUTED] = "Rerouted",
		[PLAN_CHAIN_TPROXY_CAPTURE] = "Rerouted to an included destination",
		[PLAN_CHAIN_TPROXY_OUT] = "To the proxy's outbound ports",
		[PLAN_CHAIN_DELIVER] = "To a socket of the pod",
		[PLAN_CHAIN_MARK] = "Out of the pod",
		[PLAN_CHAIN_MARK_PROXY] = "Sent by the proxy",
		[PLAN_CHAIN_MARK_CAPTURE] = "To an included destination",
		[PLAN_CHAIN_MARK_INBOUND] = "To the proxy's inbound port",
		[PLAN_CHAIN_MARK_OUTBOUND] = "To the proxy by way of lo",
		[PLAN_CHAIN_INVALID] = "Into the pod",
		[PLAN_CHAIN_NON_TCP] = "Out of the pod past the proxy",
		[PLAN_CHAIN_INBOUND] = "Into the pod",
		[PLAN_CHAIN_OUTBOUND] = "Out of the pod",
		[PLAN_CHAIN_PROXY] = "Sent by the proxy",
		[PLAN_CHAIN_REROUTED] = "Rerouted",
		[PLAN_CHAIN_CAPTURE] = "To an included destination",
	};
	size_t number = 0;

	if (plan->count == 0)
		strbuf_puts(out, "Nothing is redirected.\n");
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_rule *rule = &plan->rules[i];
		bool is_last = i + 1 == plan->count || rule[1].chain != rule->chain;

		if (number == 0)
			strbuf_printf(out, "%s (%s):\n", HEADINGS[rule->chain],
				      plan_chain_name(rule->chain));
		strbuf_printf(out, "  %2zu. %-*s  ", ++number, WORDS_REASON_WIDTH, rule->why);
		say_rule(out, rule);
		strbuf_puts(out, is_last ? "\n      everything else passes\n" : "\n");
		number = is_last ? 0 : number;
	}
	say_routes(out, plan);
}
