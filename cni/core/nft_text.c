/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_text.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/cleanup.h"

enum { ELEMENTS_PER_LINE = 4 };

static void put_range(struct strbuf *out, const struct range *range)
{
	strbuf_printf(out, "%u", range->first);
	if (range->last != range->first)
		strbuf_printf(out, "-%u", range->last);
}

/* The set's name, and true, where the rule has one. */
static bool put_set(struct strbuf *out, const struct nft_rules *rules, size_t number)
{
	if (number != NFT_NO_SET)
		strbuf_printf(out, "@%s ", rules->sets[number - 1].name);
	return number != NFT_NO_SET;
}

static void put_address(struct strbuf *out, const struct nft_rules *rules, const char *end,
			const struct cidr *cidr, size_t set)
{
	strbuf_printf(out, "%s %s ", cidr->is_v6 ? "ip6" : "ip", end);
	if (put_set(out, rules, set))
		return;
	cidr_format(cidr, out);
	strbuf_puts(out, " ");
}

/* The family, where neither an address nor ICMP tells it. */
static void put_family(struct strbuf *out, const struct nft_rule *rule)
{
	const struct plan_rule *source = rule->source;

	if (rule->family != PLAN_BOTH && !source->has_source && !source->has_destination &&
	    source->icmp_count == 0)
		strbuf_puts(out,
			    rule->family == PLAN_V4 ? "meta nfproto ipv4 " : "meta nfproto ipv6 ");
}

/* The protocol, where no port and no flag tells it. */
static void put_protocol(struct strbuf *out, const struct nft_rule *rule)
{
	const struct plan_rule *source = rule->source;
	bool is_told = source->source_port != 0 || source->port_count > 0 ||
		       source->icmp_count > 0 || source->segment != PLAN_ANY_SEGMENT ||
		       (rule->is_without_proxy && source->protocol == PLAN_TCP);

	switch (source->protocol) {
	case PLAN_ANY_PROTOCOL:
		return;
	case PLAN_TCP:
		strbuf_puts(out, is_told ? "" : "meta l4proto tcp ");
		return;
	case PLAN_UDP:
		strbuf_puts(out, is_told ? "" : "meta l4proto udp ");
		return;
	case PLAN_ICMP:
		if (!is_told)
			strbuf_puts(out, source->families == PLAN_V4 ? "meta l4proto icmp "
								     : "meta l4proto ipv6-icmp ");
		return;
	}
}

static void put_ends(struct strbuf *out, const struct nft_rules *rules, const struct nft_rule *rule)
{
	const struct plan_rule *source = rule->source;

	if (source->in_interface.text[0] != '\0')
		strbuf_printf(out, "iifname \"%s\" ", source->in_interface.text);
	if (source->out_interface.text[0] != '\0')
		strbuf_printf(out, "oifname \"%s\" ", source->out_interface.text);
	if (source->has_source)
		put_address(out, rules, "saddr", &source->source, rule->source_set);
	if (source->has_destination)
		put_address(out, rules, source->is_destination_negated ? "daddr !=" : "daddr",
			    &source->destination, rule->destination_set);
	strbuf_puts(out, source->is_source_foreign ? "fib saddr type != local " : "");
	strbuf_puts(out, source->is_destination_foreign ? "fib daddr type != local " : "");
}

static void put_transport(struct strbuf *out, const struct nft_rules *rules,
			  const struct nft_rule *rule)
{
	const struct plan_rule *source = rule->source;
	const char *protocol = source->protocol == PLAN_UDP ? "udp" : "tcp";

	if (source->source_port != 0)
		strbuf_printf(out, "%s sport %u ", protocol, source->source_port);
	if (source->port_count > 0) {
		strbuf_printf(out, "%s dport ", protocol);
		if (!put_set(out, rules, rule->value_set)) {
			put_range(out, &source->ports[0]);
			strbuf_puts(out, " ");
		}
	}
	if (source->icmp_count > 0) {
		strbuf_puts(out, source->families == PLAN_V4 ? "icmp type " : "icmpv6 type ");
		if (!put_set(out, rules, rule->value_set))
			strbuf_printf(out, "%u ", source->icmp_types[0]);
	}
}

static void put_segment(struct strbuf *out, const struct nft_rule *rule)
{
	enum plan_segment segment = rule->source->segment;

	if (rule->is_without_proxy && rule->source->protocol == PLAN_TCP)
		segment = PLAN_SYN;
	if (segment != PLAN_ANY_SEGMENT)
		strbuf_printf(out, "tcp flags & (fin | syn | rst | ack) %s syn ",
			      segment == PLAN_SYN ? "==" : "!=");
}

static void put_socket(struct strbuf *out, const struct plan_rule *rule)
{
	static const char *const STATES[] = {
		[PLAN_ANY_STATE] = "",
		[PLAN_INVALID] = "ct state invalid ",
		[PLAN_REPLY] = "ct direction reply ",
		[PLAN_TRANSLATED] = "ct status snat,dnat ",
	};

	if (rule->has_uid) {
		strbuf_puts(out, "meta skuid ");
		put_range(out, &rule->uids);
		strbuf_puts(out, " ");
	}
	if (rule->has_gid) {
		strbuf_puts(out, "meta skgid ");
		put_range(out, &rule->gids);
		strbuf_puts(out, " ");
	}
	if (rule->has_mark)
		strbuf_printf(out, "meta mark 0x%x ", rule->mark);
	strbuf_puts(out, rule->has_socket ? "socket wildcard 0 " : "");
	strbuf_puts(out, STATES[rule->state]);
}

static void put_verdict(struct strbuf *out, const struct plan_rule *rule)
{
	static const char *const FAMILIES[] = {
		[PLAN_V4] = "ip ", [PLAN_V6] = "ip6 ", [PLAN_BOTH] = ""};

	switch (rule->verdict) {
	case PLAN_PASS:
		strbuf_puts(out, "return");
		return;
	case PLAN_REDIRECT:
		strbuf_printf(out, "redirect to :%u", rule->port);
		return;
	case PLAN_TPROXY:
		strbuf_printf(out, "tproxy %sto :%u return", FAMILIES[rule->families], rule->port);
		return;
	case PLAN_MARK:
		strbuf_printf(out, "meta mark set 0x%x", rule->set_mark);
		return;
	case PLAN_ZONE:
		strbuf_printf(out, "ct zone set %u return", rule->zone);
		return;
	case PLAN_REJECT:
		strbuf_puts(out, "reject with icmpx port-unreachable");
		return;
	case PLAN_DROP:
		strbuf_puts(out, "drop");
		return;
	case PLAN_GOTO:
		strbuf_printf(out, "goto %s", plan_chain_name(rule->target_chain));
		return;
	}
}

void nft_text_rule(const struct nft_rules *rules, const struct nft_rule *rule, struct strbuf *out)
{
	put_family(out, rule);
	put_protocol(out, rule);
	put_ends(out, rules, rule);
	put_transport(out, rules, rule);
	put_segment(out, rule);
	put_socket(out, rule->source);
	if (rule->is_without_proxy)
		strbuf_puts(out, "drop");
	else
		put_verdict(out, rule->source);
}

/* One end of an interval. */
static void put_key(struct strbuf *out, const uint8_t *key_be, enum nft_key key)
{
	struct cidr address = {.is_v6 = key == NFT_KEY_V6,
			       .prefix_length = (uint8_t)(NFT_KEYS[key].size * 8)};
	uint16_t port_be;

	switch (key) {
	case NFT_KEY_V4:
	case NFT_KEY_V6:
		memcpy(address.addr_be, key_be, NFT_KEYS[key].size);
		cidr_format(&address, out);
		return;
	case NFT_KEY_PORT:
		memcpy(&port_be, key_be, sizeof(port_be));
		strbuf_printf(out, "%u", ntohs(port_be));
		return;
	case NFT_KEY_ICMP:
	case NFT_KEY_ICMP6:
		strbuf_printf(out, "%u", key_be[0]);
		return;
	case NFT_KEY_COUNT:
		return;
	}
}

/* The length of the prefix that an interval of addresses is; beyond their bits where it is none. */
static size_t prefix_of(const struct nft_interval *interval, enum nft_key key)
{
	size_t bits = NFT_KEYS[key].size * 8;
	size_t length = 0;

	for (size_t bit = 0; bit < bits; bit++) {
		unsigned int mask = 0x80U >> bit % 8;
		bool is_set_in_first = (interval->first_be[bit / 8] & mask) != 0;
		bool is_set_in_last = (interval->last_be[bit / 8] & mask) != 0;

		if (is_set_in_first == is_set_in_last && length < bit)
			return bits + 1;
		if (is_set_in_first && !is_set_in_last)
			return bits + 1;
		length += is_set_in_first == is_set_in_last;
	}
	return length;
}

static void put_interval(struct strbuf *out, const struct nft_interval *interval, enum nft_key key)
{
	bool is_address = key == NFT_KEY_V4 || key == NFT_KEY_V6;
	size_t prefix = prefix_of(interval, key);

	put_key(out, interval->first_be, key);
	if (memcmp(interval->first_be, interval->last_be, NFT_KEY_SIZE_MAX) == 0)
		return;
	if (is_address && prefix <= NFT_KEYS[key].size * 8) {
		strbuf_printf(out, "/%zu", prefix);
		return;
	}
	strbuf_puts(out, "-");
	put_key(out, interval->last_be, key);
}

static void put_whole_set(struct strbuf *out, const struct nft_set *set)
{
	strbuf_printf(out,
		      "\tset %s {\n\t\ttype %s\n\t\tflags constant,interval\n\t\telements = { ",
		      set->name, NFT_KEYS[set->key].type);
	for (size_t i = 0; i < set->count; i++) {
		if (i > 0)
			strbuf_puts(out, i % ELEMENTS_PER_LINE == 0 ? ",\n\t\t\t     " : ", ");
		put_interval(out, &set->intervals[i], set->key);
	}
	strbuf_puts(out, " }\n\t}\n");
}

static void put_base_chain(struct strbuf *out, enum plan_chain chain)
{
	const struct nft_base_chain *base = nft_base_chain_of(chain);

	if (base == NULL)
		return;
	strbuf_printf(out,
		      "\tchain %s {\n\t\ttype %s hook %s priority %d; policy accept;\n"
		      "\t\tjump %s\n\t}\n",
		      base->name, base->type, base->hook, base->priority, plan_chain_name(chain));
}

static void put_table(struct strbuf *out, const struct nft_rules *rules)
{
	strbuf_puts(out, "table inet " NFT_TABLE " {\n");
	for (size_t i = 0; i < rules->set_count; i++)
		put_whole_set(out, &rules->sets[i]);
	for (size_t i = 0; i < rules->count; i++) {
		enum plan_chain chain = rules->rules[i].source->chain;
		bool is_first = i == 0 || rules->rules[i - 1].source->chain != chain;
		bool is_last = i + 1 == rules->count || rules->rules[i + 1].source->chain != chain;

		if (is_first)
			strbuf_printf(out, "\tchain %s {\n", plan_chain_name(chain));
		strbuf_puts(out, "\t\t");
		nft_text_rule(rules, &rules->rules[i], out);
		strbuf_puts(out, is_last ? "\n\t}\n" : "\n");
		if (is_last)
			put_base_chain(out, chain);
	}
	strbuf_puts(out, "}\n");
}

int redirect_text_nft(const struct redirect_plan *plan, struct strbuf *out, struct err *err)
{
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	int r = nft_rules_build(plan, PLAN_BOTH, &rules, err);

	if (r < 0)
		return r;
	strbuf_puts(out, "table inet " NFT_TABLE "\ndelete table inet " NFT_TABLE "\n");
	if (rules.count > 0)
		put_table(out, &rules);
	return 0;
}
