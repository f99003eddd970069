/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_text.h"

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

static void put_ends(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->has_source)
		put_cidr(out, " -s ", &rule->source);
	if (rule->has_destination)
		put_cidr(out, rule->is_destination_negated ? " ! -d " : " -d ", &rule->destination);
	if (rule->in_interface.text[0] != '\0')
		strbuf_printf(out, " -i %s", rule->in_interface.text);
	if (rule->out_interface.text[0] != '\0')
		strbuf_printf(out, " -o %s", rule->out_interface.text);
}

/* The types of the family that the rule is for. */
static void put_icmp(struct strbuf *out, const struct plan_rule *rule)
{
	bool is_v6 = rule->families == PLAN_V6;

	strbuf_puts(out, is_v6 ? " -p ipv6-icmp" : " -p icmp");
	for (size_t i = 0; i < rule->icmp_count; i++) {
		if (i == 0)
			strbuf_puts(out, is_v6 ? " --icmpv6-type " : " --icmp-type ");
		strbuf_printf(out, "%s%u", i > 0 ? "," : "", rule->icmp_types[i]);
	}
}

static void put_protocol(struct strbuf *out, const struct plan_rule *rule)
{
	static const char *const PROTOCOLS[] = {
		[PLAN_ANY_PROTOCOL] = "", [PLAN_TCP] = " -p tcp", [PLAN_UDP] = " -p udp"};
	static const char *const SEGMENTS[] = {
		[PLAN_ANY_SEGMENT] = "", [PLAN_SYN] = " --syn", [PLAN_NOT_SYN] = " ! --syn"};

	if (rule->protocol == PLAN_ICMP) {
		put_icmp(out, rule);
		return;
	}
	strbuf_puts(out, PROTOCOLS[rule->protocol]);
	strbuf_puts(out, SEGMENTS[rule->segment]);
}

static void put_ports(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->source_port != 0)
		strbuf_printf(out, " --sport %u", rule->source_port);
	if (rule->port_count > 1)
		strbuf_puts(out, " -m multiport --dports ");
	else if (rule->port_count == 1)
		strbuf_puts(out, " --dport ");
	for (size_t i = 0; i < rule->port_count; i++) {
		strbuf_puts(out, i > 0 ? "," : "");
		put_range(out, &rule->ports[i], ':');
	}
}

/* The owner of the sending socket. */
static void put_owner(struct strbuf *out, const struct plan_rule *rule)
{
	if (rule->has_uid) {
		strbuf_puts(out, " -m owner --uid-owner ");
		put_range(out, &rule->uids, '-');
	}
	if (rule->has_gid) {
		strbuf_puts(out, " -m owner --gid-owner ");
		put_range(out, &rule->gids, '-');
	}
}

/* What the kernel knows of the packet beside its header. */
static void put_knowledge(struct strbuf *out, const struct plan_rule *rule)
{
	static const char *const STATES[] = {
		[PLAN_ANY_STATE] = "",
		[PLAN_INVALID] = " -m conntrack --ctstate INVALID",
		[PLAN_REPLY] = " -m conntrack --ctdir REPLY",
		[PLAN_TRANSLATED] = " -m conntrack --ctstate SNAT,DNAT",
	};

	if (rule->is_source_foreign)
		strbuf_puts(out, " -m addrtype ! --src-type LOCAL");
	if (rule->is_destination_foreign)
		strbuf_puts(out, " -m addrtype ! --dst-type LOCAL");
	put_owner(out, rule);
	if (rule->has_mark)
		strbuf_printf(out, " -m mark --mark 0x%x", rule->mark);
	strbuf_puts(out, STATES[rule->state]);
	if (rule->has_socket)
		strbuf_puts(out, " -m socket");
}

static void put_verdict(struct strbuf *out, const struct plan_rule *rule)
{
	/* Both families' default is what is meant. */
	static const char *const REJECTS[] = {
		[PLAN_V4] = " -j REJECT --reject-with icmp-port-unreachable",
		[PLAN_V6] = " -j REJECT --reject-with icmp6-port-unreachable",
		[PLAN_BOTH] = " -j REJECT",
	};

	switch (rule->verdict) {
	case PLAN_PASS:
		strbuf_puts(out, " -j RETURN");
		return;
	case PLAN_REDIRECT:
		strbuf_printf(out, " -j REDIRECT --to-ports %u", rule->port);
		return;
	case PLAN_TPROXY:
		strbuf_printf(out, " -j TPROXY --on-port %u --tproxy-mark 0x0/0x0", rule->port);
		return;
	case PLAN_MARK:
		strbuf_printf(out, " -j MARK --set-mark 0x%x", rule->set_mark);
		return;
	case PLAN_ZONE:
		strbuf_printf(out, " -j CT --zone %u", rule->zone);
		return;
	case PLAN_REJECT:
		strbuf_puts(out, REJECTS[rule->families]);
		return;
	case PLAN_DROP:
		strbuf_puts(out, " -j DROP");
		return;
	case PLAN_GOTO:
		strbuf_printf(out, " -g %s", plan_chain_name(rule->target_chain));
		return;
	}
}

void redirect_text_rule(const struct plan_rule *rule, struct strbuf *out)
{
	strbuf_printf(out, "-A %s", plan_chain_name(rule->chain));
	put_ends(out, rule);
	put_protocol(out, rule);
	put_ports(out, rule);
	put_knowledge(out, rule);
	put_verdict(out, rule);
}

/* One rule of a family on lines of its own: several types of ICMP make several. */
static void put_lines(struct strbuf *out, struct plan_rule rule, enum plan_family family)
{
	size_t count = rule.icmp_count;

	rule.families = family;
	rule.icmp_count = count > 0 ? 1 : 0;
	for (size_t i = 0; i == 0 || i < count; i++) {
		rule.icmp_types[0] = rule.icmp_types[i];
		redirect_text_rule(&rule, out);
		strbuf_puts(out, "\n");
	}
}

/* Whether the rule is one of the family, and of the table. */
static bool is_in(const struct plan_rule *rule, enum plan_table table, enum plan_family family)
{
	return (rule->families & family) != 0 && plan_chain_table(rule->chain) == table;
}

/* The chains that a table has in a family, in order, each once; how many. */
static size_t chains_in(const struct redirect_plan *plan, enum plan_table table,
			enum plan_family family, enum plan_chain chains[static PLAN_CHAIN_COUNT])
{
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++) {
		enum plan_chain chain = plan->rules[i].chain;

		if (is_in(&plan->rules[i], table, family) &&
		    (count == 0 || chains[count - 1] != chain))
			chains[count++] = chain;
	}
	return count;
}

static void put_table(struct strbuf *out, const struct redirect_plan *plan, enum plan_table table,
		      enum plan_family family)
{
	enum plan_chain chains[PLAN_CHAIN_COUNT];
	size_t count = chains_in(plan, table, family, chains);

	if (count == 0)
		return;
	strbuf_printf(out, "*%s\n", plan_table_name(table));
	for (size_t i = 0; i < count; i++)
		strbuf_printf(out, ":%s - [0:0]\n", plan_chain_name(chains[i]));
	for (size_t i = 0; i < count; i++) {
		if (plan_chain_hook(chains[i]) != NULL)
			strbuf_printf(out, "-I %s -j %s\n", plan_chain_hook(chains[i]),
				      plan_chain_name(chains[i]));
	}
	for (size_t i = 0; i < plan->count; i++) {
		if (is_in(&plan->rules[i], table, family))
			put_lines(out, plan->rules[i], family);
	}
	strbuf_puts(out, "COMMIT\n");
}

void redirect_text_plan(const struct redirect_plan *plan, enum plan_family family,
			struct strbuf *out)
{
	for (enum plan_table table = 0; table < PLAN_TABLE_COUNT; table++)
		put_table(out, plan, table, family);
}
