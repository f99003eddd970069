/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_text.h"

#include "common/base/cleanup.h"

enum { WORDS_REASON_WIDTH = 28 }; /* the longest reason of redirect_plan.c */

/* A prefix as a match; `option` has its blanks around it. */
static void put_cidr(struct strbuf *out, const char *option, const struct cidr *cidr)
{
	strbuf_puts(out, option);
	cidr_format(cidr, out);
}

/* "80", or "8000:8010" with the separator of the match that is meant. */
static void put_range(struct strbuf *out, const struct range *range, char separator)
{
	strbuf_printf(out, "%u", range->first);
	if (range->last != range->first)
		strbuf_printf(out, "%c%u", separator, range->last);
}

static void put_ports(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->port_count > 1)
		strbuf_puts(out, " -m multiport --dports ");
	else if (rule->port_count == 1)
		strbuf_puts(out, " --dport ");
	for (size_t i = 0; i < rule->port_count; i++) {
		strbuf_puts(out, i > 0 ? "," : "");
		put_range(out, &rule->ports[i], ':');
	}
}

/* The owner and the mark of the sending socket. */
static void put_socket(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->has_uid) {
		strbuf_puts(out, " -m owner --uid-owner ");
		put_range(out, &rule->uids, '-');
	}
	if (rule->has_gid) {
		strbuf_puts(out, " -m owner --gid-owner ");
		put_range(out, &rule->gids, '-');
	}
	if (rule->has_mark)
		strbuf_printf(out, " -m mark --mark 0x%x", rule->mark);
}

static void put_verdict(struct strbuf *out, const struct plan_rule *rule)
{
	switch (rule->verdict) {
	case PLAN_PASS:
		strbuf_puts(out, " -j RETURN");
		return;
	case PLAN_REDIRECT:
		strbuf_printf(out, " -j REDIRECT --to-ports %u", rule->port);
		return;
	case PLAN_GOTO:
		strbuf_printf(out, " -g %s", plan_chain_name(rule->target_chain));
		return;
	}
}

void redirect_text_rule(const struct plan_rule *rule, struct strbuf *out)
{
	strbuf_printf(out, "-A %s", plan_chain_name(rule->chain));
	if (rule->has_source)
		put_cidr(out, " -s ", &rule->source);
	if (rule->has_destination)
		put_cidr(out, rule->is_destination_negated ? " ! -d " : " -d ", &rule->destination);
	if (rule->out_interface.text[0] != '\0')
		strbuf_printf(out, " -o %s", rule->out_interface.text);
	strbuf_puts(out, rule->protocol == PLAN_TCP ? " -p tcp" : "");
	if (rule->source_port != 0)
		strbuf_printf(out, " --sport %u", rule->source_port);
	put_ports(out, rule);
	put_socket(out, rule);
	put_verdict(out, rule);
}

void redirect_text_plan(const struct redirect_plan *plan, struct strbuf *out)
{
	static const char *const FAMILIES[] = {
		[PLAN_V4] = "4", [PLAN_V6] = "6", [PLAN_BOTH] = "46"};

	for (size_t i = 0; i < plan->count; i++) {
		strbuf_printf(out, "%-2s ", FAMILIES[plan->rules[i].families]);
		redirect_text_rule(&plan->rules[i], out);
		strbuf_puts(out, "\n");
	}
}

/* "TCP", "IPv6", "IPv4 TCP", "anything": a family is told where no address tells it. */
static void say_traffic(struct strbuf *out, const struct plan_rule *rule)
{
	bool is_family_told = rule->has_source || rule->has_destination;

	if (!is_family_told && rule->families == PLAN_V4)
		strbuf_puts(out, rule->protocol == PLAN_TCP ? "IPv4 " : "IPv4");
	else if (!is_family_told && rule->families == PLAN_V6)
		strbuf_puts(out, rule->protocol == PLAN_TCP ? "IPv6 " : "IPv6");
	else if (rule->protocol != PLAN_TCP)
		strbuf_puts(out, "anything");
	strbuf_puts(out, rule->protocol == PLAN_TCP ? "TCP" : "");
}

static void say_socket(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->has_uid) {
		strbuf_puts(out, " of uid ");
		put_range(out, &rule->uids, '-');
	}
	if (rule->has_gid) {
		strbuf_puts(out, " of gid ");
		put_range(out, &rule->gids, '-');
	}
	if (rule->has_mark)
		strbuf_printf(out, " with mark 0x%x", rule->mark);
}

static void say_ports(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->port_count > 0)
		strbuf_puts(out, rule->has_destination ? "" : " to");
	else if (rule->protocol == PLAN_TCP && !rule->has_destination)
		strbuf_puts(out, " to any port");
	for (size_t i = 0; i < rule->port_count; i++) {
		strbuf_puts(out, i > 0 ? ", " : rule->port_count > 1 ? " ports " : " port ");
		put_range(out, &rule->ports[i], '-');
	}
}

static void say_ends(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->has_source)
		put_cidr(out, " from ", &rule->source);
	if (rule->source_port != 0)
		strbuf_printf(out, " from port %u", rule->source_port);
	if (rule->has_destination)
		put_cidr(out, rule->is_destination_negated ? " to all but " : " to ",
			 &rule->destination);
	say_ports(out, rule);
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
	case PLAN_GOTO:
		strbuf_printf(out, " goes on in %s", plan_chain_name(rule->target_chain));
		return;
	}
}

/* "TCP to port 15999 goes to port 15006", "anything of uid 15099 passes" */
static void say_rule(struct strbuf *out, const struct plan_rule *rule)
{
	say_traffic(out, rule);
	say_socket(out, rule);
	say_ends(out, rule);
	say_verdict(out, rule);
}

void redirect_text_words(const struct redirect_plan *plan, struct strbuf *out)
{
	static const char *const HEADINGS[PLAN_CHAIN_COUNT] = {
		[PLAN_CHAIN_INBOUND] = "Into the pod",
		[PLAN_CHAIN_OUTBOUND] = "Out of the pod",
		[PLAN_CHAIN_PROXY] = "Sent by the proxy",
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
}
