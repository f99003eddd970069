/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

/* The numbers are those of nft's datatypes (its enum datatypes): by them it prints a set. */
const struct nft_key_kind NFT_KEYS[NFT_KEY_COUNT] = {
	[NFT_KEY_V4] = {"ipv4_addr", 7, 4},       [NFT_KEY_V6] = {"ipv6_addr", 8, 16},
	[NFT_KEY_PORT] = {"inet_service", 13, 2}, [NFT_KEY_ICMP] = {"icmp_type", 14, 1},
	[NFT_KEY_ICMP6] = {"icmpv6_type", 29, 1},
};

/* In what rules of one group differ. */
enum difference { NO_DIFFERENCE, IN_PORTS, IN_SOURCE, IN_DESTINATION };

/* Rules while they are made. */
struct builder {
	struct nft_rules rules;  /* owned */
	size_t capacity;         /* of rules */
	enum plan_chain chain;   /* that is at work */
	unsigned int chain_sets; /* sets of that chain so far */
	bool is_failed;          /* an allocation failed */
};

static const struct nft_base_chain BASE_CHAINS[] = {
	{"raw_prerouting", "filter", "prerouting", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW},
	{"raw_output", "filter", "output", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW},
	{"mangle_prerouting", "filter", "prerouting", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE},
	{"mangle_input", "filter", "input", NF_INET_LOCAL_IN, NF_IP_PRI_MANGLE},
	/* A changed mark is routed again behind a chain of this type alone. */
	{"mangle_output", "route", "output", NF_INET_LOCAL_OUT, NF_IP_PRI_MANGLE},
	{"filter_input", "filter", "input", NF_INET_LOCAL_IN, NF_IP_PRI_FILTER},
	{"filter_output", "filter", "output", NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER},
	{"nat_prerouting", "nat", "prerouting", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST},
	{"nat_output", "nat", "output", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST},
};

/* Whether the base chain is that of the table at the hook, which iptables writes in capitals. */
static bool is_base_chain(const struct nft_base_chain *base, const char *table, const char *hook)
{
	size_t length = strlen(table);

	return strncmp(base->name, table, length) == 0 && base->name[length] == '_' &&
	       strcasecmp(base->hook, hook) == 0;
}

const struct nft_base_chain *nft_base_chain_at(enum plan_table table, const char *hook)
{
	for (size_t i = 0; i < sizeof(BASE_CHAINS) / sizeof(BASE_CHAINS[0]); i++) {
		if (is_base_chain(&BASE_CHAINS[i], plan_table_name(table), hook))
			return &BASE_CHAINS[i];
	}
	return NULL;
}

const struct nft_base_chain *nft_base_chain_of(enum plan_chain chain)
{
	const char *hook = plan_chain_hook(chain);

	return hook != NULL ? nft_base_chain_at(plan_chain_table(chain), hook) : NULL;
}

static bool range_equal(const struct range *a, const struct range *b)
{
	return a->first == b->first && a->last == b->last;
}

static bool ports_equal(const struct plan_rule *a, const struct plan_rule *b)
{
	for (size_t i = 0; i < a->port_count && i < b->port_count; i++) {
		if (!range_equal(&a->ports[i], &b->ports[i]))
			return false;
	}
	return a->port_count == b->port_count;
}

static bool traffic_equal(const struct plan_rule *a, const struct plan_rule *b)
{
	return a->chain == b->chain && a->families == b->families && a->protocol == b->protocol &&
	       a->segment == b->segment && a->state == b->state &&
	       a->source_port == b->source_port && a->icmp_count == b->icmp_count &&
	       memcmp(a->icmp_types, b->icmp_types, a->icmp_count) == 0 && ports_equal(a, b);
}

static bool ends_equal(const struct plan_rule *a, const struct plan_rule *b)
{
	return strcmp(a->in_interface.text, b->in_interface.text) == 0 &&
	       strcmp(a->out_interface.text, b->out_interface.text) == 0 &&
	       a->has_source == b->has_source && a->has_destination == b->has_destination &&
	       a->is_destination_negated == b->is_destination_negated &&
	       a->is_source_foreign == b->is_source_foreign &&
	       a->is_destination_foreign == b->is_destination_foreign &&
	       (!a->has_source || cidr_equal(&a->source, &b->source)) &&
	       (!a->has_destination || cidr_equal(&a->destination, &b->destination));
}

static bool socket_equal(const struct plan_rule *a, const struct plan_rule *b)
{
	return a->has_socket == b->has_socket && a->has_uid == b->has_uid &&
	       a->has_gid == b->has_gid && a->has_mark == b->has_mark && a->mark == b->mark &&
	       range_equal(&a->uids, &b->uids) && range_equal(&a->gids, &b->gids);
}

static bool verdict_equal(const struct plan_rule *a, const struct plan_rule *b)
{
	return a->verdict == b->verdict && a->port == b->port && a->zone == b->zone &&
	       a->set_mark == b->set_mark && a->target_chain == b->target_chain;
}

/* Whether the rules are the same but for the difference, and both have something there. */
static bool is_of_group(const struct plan_rule *a, const struct plan_rule *b,
			enum difference difference)
{
	struct plan_rule other = *b;
	bool is_prefix = difference != IN_PORTS && !a->is_destination_negated;

	if (difference == IN_PORTS) {
		other.port_count = a->port_count;
		memcpy(other.ports, a->ports, sizeof(other.ports));
	}
	if (difference == IN_SOURCE)
		other.source = a->source;
	if (difference == IN_DESTINATION)
		other.destination = a->destination;
	if (is_prefix)
		other.families = a->families;
	if ((difference == IN_PORTS && (a->port_count == 0 || b->port_count == 0)) ||
	    (difference == IN_SOURCE && !a->has_source) ||
	    (difference == IN_DESTINATION && (!a->has_destination || !is_prefix)))
		return false;
	return traffic_equal(a, &other) && ends_equal(a, &other) && socket_equal(a, &other) &&
	       verdict_equal(a, &other);
}

/* The length of the group that begins with the first of `count` rules, and in what they differ. */
static size_t group_length(const struct plan_rule *rules, size_t count,
			   enum difference *ret_difference)
{
	*ret_difference = NO_DIFFERENCE;
	for (enum difference d = IN_PORTS; count > 1 && d <= IN_DESTINATION; d++) {
		if (is_of_group(&rules[0], &rules[1], d))
			*ret_difference = d;
	}
	size_t length = 1;
	while (*ret_difference != NO_DIFFERENCE && length < count &&
	       is_of_group(&rules[0], &rules[length], *ret_difference))
		length++;
	return length;
}

/* Makes room for one more element behind the `count` that are there; capacities are powers of two,
 * so that they follow from the count. false, with the failure kept, when there is none. */
static bool grow(struct builder *builder, void **elements, size_t count, size_t size)
{
	if (builder->is_failed || (count & (count - 1)) != 0)
		return !builder->is_failed;
	void *grown = realloc(*elements, (count == 0 ? 1 : 2 * count) * size);
	if (grown == NULL) {
		builder->is_failed = true;
		return false;
	}
	*elements = grown;
	return true;
}

static void add_interval(struct builder *builder, struct nft_set *set,
			 const struct nft_interval *interval)
{
	void *intervals = set->intervals;

	if (grow(builder, &intervals, set->count, sizeof(*interval))) {
		set->intervals = intervals;
		set->intervals[set->count++] = *interval;
	}
}

static void add_prefix(struct builder *builder, struct nft_set *set, const struct cidr *cidr)
{
	struct nft_interval interval;

	memcpy(interval.first_be, cidr->addr_be, sizeof(interval.first_be));
	memcpy(interval.last_be, cidr->addr_be, sizeof(interval.last_be));
	for (size_t bit = cidr->prefix_length; bit < NFT_KEYS[set->key].size * 8; bit++)
		interval.last_be[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	add_interval(builder, set, &interval);
}

static void add_ports(struct builder *builder, struct nft_set *set, const struct plan_rule *rule)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		struct nft_interval interval = {0};
		uint16_t first_be = htons((uint16_t)rule->ports[i].first);
		uint16_t last_be = htons((uint16_t)rule->ports[i].last);

		memcpy(interval.first_be, &first_be, sizeof(first_be));
		memcpy(interval.last_be, &last_be, sizeof(last_be));
		add_interval(builder, set, &interval);
	}
}

static void add_icmp_types(struct builder *builder, struct nft_set *set,
			   const struct plan_rule *rule)
{
	for (size_t i = 0; i < rule->icmp_count; i++)
		add_interval(builder, set,
			     &(struct nft_interval){{rule->icmp_types[i]}, {rule->icmp_types[i]}});
}

static int compare_intervals(const void *a, const void *b)
{
	const struct nft_interval *left = a;
	const struct nft_interval *right = b;

	return memcmp(left->first_be, right->first_be, sizeof(left->first_be));
}

bool nft_interval_end(const struct nft_interval *interval, enum nft_key key,
		      uint8_t ret_end_be[static NFT_KEY_SIZE_MAX])
{
	memcpy(ret_end_be, interval->last_be, NFT_KEY_SIZE_MAX);
	for (size_t i = NFT_KEYS[key].size; i > 0; i--) {
		if (++ret_end_be[i - 1] != 0)
			return true;
	}
	return false;
}

/* Sorts the intervals, and joins those that touch: the kernel takes no overlap. */
static void normalise(struct nft_set *set)
{
	size_t kept = 0;

	qsort(set->intervals, set->count, sizeof(*set->intervals), compare_intervals);
	for (size_t i = 1; i < set->count; i++) {
		struct nft_interval *last = &set->intervals[kept];
		const struct nft_interval *next = &set->intervals[i];
		uint8_t end_be[NFT_KEY_SIZE_MAX];

		if (nft_interval_end(last, set->key, end_be) &&
		    memcmp(next->first_be, end_be, sizeof(end_be)) > 0)
			set->intervals[++kept] = *next;
		else if (memcmp(next->last_be, last->last_be, sizeof(end_be)) > 0)
			memcpy(last->last_be, next->last_be, sizeof(end_be));
	}
	set->count = kept + 1;
}

/* A new set of the chain at work. NULL, with the failure kept, when there is no memory. */
static struct nft_set *add_set(struct builder *builder, enum nft_key key)
{
	struct nft_rules *rules = &builder->rules;
	void *sets = rules->sets;

	if (!grow(builder, &sets, rules->set_count, sizeof(*rules->sets)))
		return NULL;
	rules->sets = sets;
	struct nft_set *set = &rules->sets[rules->set_count++];
	*set = (struct nft_set){.key = key};
	snprintf(set->name, sizeof(set->name), "%s_%u", plan_chain_name(builder->chain),
		 ++builder->chain_sets);
	return set;
}

/* The set of the ports, or ICMP types, of all rules of a group. */
static size_t value_set(struct builder *builder, const struct plan_rule *rules, size_t count)
{
	bool is_icmp = rules->icmp_count > 0;

	if (count == 1 && rules->port_count <= 1 && rules->icmp_count <= 1)
		return NFT_NO_SET;
	enum nft_key icmp = rules->families == PLAN_V4 ? NFT_KEY_ICMP : NFT_KEY_ICMP6;
	struct nft_set *set = add_set(builder, is_icmp ? icmp : NFT_KEY_PORT);
	for (size_t i = 0; set != NULL && i < count; i++) {
		add_ports(builder, set, &rules[i]);
		add_icmp_types(builder, set, &rules[i]);
	}
	if (!builder->is_failed)
		normalise(set);
	return builder->rules.set_count;
}

/* The set of the prefixes of one family, of all rules of a group. */
static size_t address_set(struct builder *builder, const struct plan_rule *rules, size_t count,
			  enum difference difference, enum plan_family family)
{
	struct nft_set *set = add_set(builder, family == PLAN_V4 ? NFT_KEY_V4 : NFT_KEY_V6);

	for (size_t i = 0; set != NULL && i < count; i++) {
		if (rules[i].families == family)
			add_prefix(builder, set,
				   difference == IN_SOURCE ? &rules[i].source
							   : &rules[i].destination);
	}
	if (!builder->is_failed)
		normalise(set);
	return builder->rules.set_count;
}

static void add_one(struct builder *builder, const struct nft_rule *rule)
{
	void *rules = builder->rules.rules;

	if (grow(builder, &rules, builder->rules.count, sizeof(*rule))) {
		builder->rules.rules = rules;
		builder->rules.rules[builder->rules.count++] = *rule;
	}
}

static void add_rule(struct builder *builder, struct nft_rule rule)
{
	unsigned int asked = rule.source->families & builder->rules.families;

	rule.family = asked == builder->rules.families ? PLAN_BOTH : (enum plan_family)asked;
	add_one(builder, &rule);
	rule.is_without_proxy = true;
	if (rule.source->verdict == PLAN_TPROXY)
		add_one(builder, &rule);
}

/* The first rule of that family, and how many there are; NULL where there is none. */
static const struct plan_rule *first_of_family(const struct plan_rule *rules, size_t count,
					       enum plan_family family, size_t *ret_number)
{
	const struct plan_rule *first = NULL;

	*ret_number = 0;
	for (size_t i = count; i > 0; i--) {
		if (rules[i - 1].families != family)
			continue;
		first = &rules[i - 1];
		++*ret_number;
	}
	return first;
}

/* The rules that differ in prefixes: one for each family. */
static void add_prefix_group(struct builder *builder, const struct plan_rule *rules, size_t count,
			     enum difference difference)
{
	size_t values = NFT_NO_SET;

	for (enum plan_family family = PLAN_V4; family <= PLAN_V6; family++) {
		size_t number;
		const struct plan_rule *first = first_of_family(rules, count, family, &number);

		if (first == NULL || (family & builder->rules.families) == 0)
			continue;
		if (values == NFT_NO_SET)
			values = value_set(builder, rules, 1);
		struct nft_rule rule = {.source = first, .value_set = values};
		if (number > 1)
			*(difference == IN_SOURCE ? &rule.source_set : &rule.destination_set) =
				address_set(builder, rules, count, difference, family);
		add_rule(builder, rule);
	}
}

static void add_group(struct builder *builder, const struct plan_rule *rules, size_t count,
		      enum difference difference)
{
	if (difference == IN_SOURCE || difference == IN_DESTINATION)
		add_prefix_group(builder, rules, count, difference);
	else if ((rules->families & builder->rules.families) != 0)
		add_rule(builder, (struct nft_rule){.source = rules,
						    .value_set = value_set(builder, rules, count)});
}

int nft_rules_build(const struct redirect_plan *plan, enum plan_family families,
		    struct nft_rules *ret_rules, struct err *err)
{
	struct builder builder = {.rules.families = families, .chain = PLAN_CHAIN_COUNT};
	size_t length;

	for (size_t i = 0; i < plan->count; i += length) {
		enum difference difference;

		if (plan->rules[i].chain != builder.chain)
			builder.chain_sets = 0;
		builder.chain = plan->rules[i].chain;
		length = group_length(&plan->rules[i], plan->count - i, &difference);
		add_group(&builder, &plan->rules[i], length, difference);
	}
	if (builder.is_failed) {
		nft_rules_release(&builder.rules);
		return err_set(err, ENOMEM, "out of memory");
	}
	*ret_rules = builder.rules;
	return 0;
}

void nft_rules_release(struct nft_rules *rules)
{
	for (size_t i = 0; i < rules->set_count; i++)
		free(rules->sets[i].intervals);
	free(rules->sets);
	free(rules->rules);
	*rules = (struct nft_rules){0};
}
