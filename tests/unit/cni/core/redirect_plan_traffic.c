/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a plan does to connections, compared with what the document says of them: thousands of
 * documents, and for each connections that are near its edges. The plan is walked as the kernel
 * walks rules; the document is read as a person would.
 */
#include <string.h>

#include "cni/core/redirect_plan.h"
#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

enum { DOCUMENTS = 1500, CONNECTIONS = 150 };
enum { OUTBOUND_PORT = 31, INBOUND_PORT = 32, GATE_PORT = 33, SOURCE_PORT = 15998 };

struct connection {
	bool is_inbound;
	bool is_v6; /* both addresses */
	bool is_tcp;
	bool is_loopback; /* leaves by lo */
	struct cidr source;
	struct cidr destination;
	uint16_t source_port;
	uint16_t port;
	uint32_t uid;
	uint32_t gid;
	uint32_t mark;
};

/* A small generator with a fixed beginning: every run sees the same cases. */
static uint32_t random_state;

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

static bool cidr_holds(const struct cidr *prefix, const struct cidr *address)
{
	for (unsigned int bit = 0; bit < prefix->prefix_length; bit++) {
		unsigned int mask = 0x80U >> (bit % 8);

		if (((prefix->addr_be[bit / 8] ^ address->addr_be[bit / 8]) & mask) != 0)
			return false;
	}
	return prefix->is_v6 == address->is_v6;
}

static bool range_holds(const struct range *range, uint32_t value)
{
	return range->first <= value && value <= range->last;
}

static bool addresses_match(const struct plan_rule *rule, const struct connection *c)
{
	if ((rule->families & (c->is_v6 ? PLAN_V6 : PLAN_V4)) == 0)
		return false;
	if (rule->has_source && !cidr_holds(&rule->source, &c->source))
		return false;
	return !rule->has_destination ||
	       cidr_holds(&rule->destination, &c->destination) != rule->is_destination_negated;
}

static bool ports_match(const struct plan_rule *rule, const struct connection *c)
{
	if (rule->source_port != 0 && rule->source_port != c->source_port)
		return false;
	for (size_t i = 0; i < rule->port_count; i++) {
		if (range_holds(&rule->ports[i], c->port))
			return true;
	}
	return rule->port_count == 0;
}

static bool socket_matches(const struct plan_rule *rule, const struct connection *c)
{
	return (!rule->has_uid || range_holds(&rule->uids, c->uid)) &&
	       (!rule->has_gid || range_holds(&rule->gids, c->gid)) &&
	       (!rule->has_mark || rule->mark == c->mark);
}

static bool rule_matches(const struct plan_rule *rule, const struct connection *c)
{
	return (rule->protocol != PLAN_TCP || c->is_tcp) && (rule->out_interface.text[0] == '\0' || c->is_loopback) &&
	       addresses_match(rule, c) && ports_match(rule, c) && socket_matches(rule, c);
}

/* The first rule of the chain that matches, or NULL. */
static const struct plan_rule *first_match(const struct redirect_plan *plan, enum plan_chain chain,
					   const struct connection *c)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->rules[i].chain == chain && rule_matches(&plan->rules[i], c))
			return &plan->rules[i];
	}
	return NULL;
}

/* The port that the plan sends the connection to; 0: it passes. */
static uint16_t port_by_plan(const struct redirect_plan *plan, const struct connection *c)
{
	enum plan_chain chain = c->is_inbound ? PLAN_CHAIN_INBOUND : PLAN_CHAIN_OUTBOUND;
	const struct plan_rule *rule = first_match(plan, chain, c);

	for (size_t i = 0; rule != NULL && rule->verdict == PLAN_GOTO; i++) {
		if (i == PLAN_CHAIN_COUNT)
			CU_FAIL_FATAL("chains lead to each other without end");
		rule = first_match(plan, rule->target_chain, c);
	}
	return rule != NULL && rule->verdict == PLAN_REDIRECT ? rule->port : 0;
}

static bool list_holds(const struct cidr_list *list, const struct cidr *address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (cidr_holds(&list->items[i], address))
			return true;
	}
	return false;
}

static uint16_t inbound_port_by_document(const struct redirect_spec *spec,
					 const struct connection *c)
{
	if (!c->is_tcp)
		return 0;
	if (spec->gate_port != 0 && c->port == spec->gate_port)
		return spec->inbound_port;
	if (list_holds(&spec->exclude_inbound_cidrs, &c->source) ||
	    range_list_contains(&spec->exclude_inbound_ports, c->port))
		return 0;
	return range_list_contains(&spec->include_inbound_ports, c->port) ? spec->inbound_port : 0;
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

static bool is_asking_the_gate(const struct redirect_spec *spec, const struct connection *c)
{
	return spec->gate_port != 0 && c->is_tcp && c->is_loopback &&
	       is_localhost(&c->destination) && c->source_port == SOURCE_PORT &&
	       c->port == spec->gate_port;
}

static bool is_of_the_proxy(const struct redirect_spec *spec, const struct connection *c)
{
	return range_list_contains(&spec->proxy_uids, c->uid) ||
	       range_list_contains(&spec->proxy_gids, c->gid) ||
	       (spec->proxy_mark != 0 && spec->proxy_mark == c->mark);
}

static bool is_excluded(const struct redirect_spec *spec, const struct connection *c)
{
	return range_list_contains(&spec->exclude_uids, c->uid) ||
	       range_list_contains(&spec->exclude_gids, c->gid) ||
	       range_list_contains(&spec->exclude_outbound_ports, c->port) ||
	       list_holds(&spec->exclude_outbound_cidrs, &c->destination);
}

static bool is_included(const struct redirect_spec *spec, const struct connection *c)
{
	return range_list_contains(&spec->include_outbound_ports, c->port) &&
	       list_holds(&spec->include_outbound_cidrs, &c->destination);
}

static uint16_t outbound_port_by_document(const struct redirect_spec *spec,
					  const struct connection *c)
{
	if (!c->is_tcp)
		return 0;
	if (is_asking_the_gate(spec, c))
		return spec->inbound_port;
	if (c->is_loopback && list_holds(&spec->inbound_source, &c->source))
		return 0;
	if (is_of_the_proxy(spec, c))
		return spec->self_call == SELF_CALL_INBOUND && c->is_loopback &&
				       !is_on_loopback_network(&c->destination)
			       ? spec->inbound_port
			       : 0;
	if (c->is_loopback || is_excluded(spec, c))
		return 0;
	return is_included(spec, c) ? spec->outbound_port : 0;
}

/* Addresses and prefixes that hold, touch and miss each other. */
static const char *const PREFIXES[] = {"0.0.0.0/0",   "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3",
				       "127.0.0.0/8", "::/0",       "fd00::/8",    "fd00:1::/32",
				       "fd00:1::2:3", "::1"};
static const char *const ADDRESSES[] = {"10.1.2.3",  "10.1.2.4",    "10.2.0.1",  "11.0.0.1",
					"127.0.0.1", "127.0.0.6",   "127.0.0.9", "fd00:1::2:3",
					"fd00:2::1", "2001:db8::1", "::1",       "::6"};
enum {
	PREFIX_COUNT = sizeof(PREFIXES) / sizeof(*PREFIXES),
	ADDRESS_COUNT = sizeof(ADDRESSES) / sizeof(*ADDRESSES),
	VALUE_MAX = 40, /* ports and ids are drawn from 1 to this */
};

static struct cidr cidr_of(const char *text)
{
	struct cidr cidr = {0};
	struct err err = {0};

	if (cidr_parse(text, strlen(text), &cidr, &err) < 0)
		CU_FAIL_FATAL("a bad prefix in a table");
	return cidr;
}

static void draw_ranges(struct range_list *list)
{
	struct err err = {0};
	uint32_t count = one_in(3) ? 0 : random_below(25);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t first = 1 + random_below(VALUE_MAX);
		uint32_t last = one_in(4) ? first + random_below(3) : first;

		if (range_list_add(list, first, last, &err) < 0)
			CU_FAIL_FATAL("no memory");
	}
}

static void draw_included_ports(struct range_list *list)
{
	struct err err = {0};

	if (!one_in(2))
		draw_ranges(list);
	else if (range_list_add(list, 1, 65535, &err) < 0)
		CU_FAIL_FATAL("no memory");
}

static void draw_prefixes(struct cidr_list *list, uint32_t count_below)
{
	struct err err = {0};

	for (uint32_t count = random_below(count_below); count > 0; count--) {
		struct cidr prefix = cidr_of(PREFIXES[random_below(PREFIX_COUNT)]);

		if (cidr_list_add(list, &prefix, &err) < 0)
			CU_FAIL_FATAL("no memory");
	}
}

static struct redirect_spec draw_document(void)
{
	struct redirect_spec spec = {
		.mode = REDIRECT_MODE_REDIRECT,
		.outbound_port = OUTBOUND_PORT,
		.inbound_port = INBOUND_PORT,
		.gate_port = one_in(3) ? 0 : GATE_PORT,
		.proxy_mark = one_in(2) ? 0 : 1 + random_below(3),
		.self_call = one_in(2) ? SELF_CALL_INBOUND : SELF_CALL_PASSTHROUGH,
	};
	struct err err = {0};

	if (one_in(2) && cidr_list_parse("127.0.0.6,::6", &spec.inbound_source, &err) < 0)
		CU_FAIL_FATAL("no memory");
	draw_ranges(&spec.proxy_uids);
	draw_ranges(&spec.proxy_gids);
	draw_ranges(&spec.exclude_uids);
	draw_ranges(&spec.exclude_gids);
	draw_ranges(&spec.exclude_inbound_ports);
	draw_ranges(&spec.exclude_outbound_ports);
	draw_included_ports(&spec.include_inbound_ports);
	draw_included_ports(&spec.include_outbound_ports);
	draw_prefixes(&spec.exclude_inbound_cidrs, 3);
	draw_prefixes(&spec.exclude_outbound_cidrs, 3);
	draw_prefixes(&spec.include_outbound_cidrs, 6);
	return spec;
}

/* Ids lie beyond the lists more often than not, so that not everything is the proxy's. */
static struct connection draw_connection(void)
{
	struct connection c = {
		.is_inbound = one_in(3),
		.is_tcp = !one_in(8),
		.source = cidr_of(ADDRESSES[random_below(ADDRESS_COUNT)]),
		.source_port = one_in(3) ? SOURCE_PORT : 50000,
		.port = (uint16_t)(1 + random_below(VALUE_MAX + 5)),
		.uid = random_below(8 * VALUE_MAX),
		.gid = random_below(8 * VALUE_MAX),
		.mark = one_in(4) ? random_below(4) : 0,
	};

	do
		c.destination = cidr_of(ADDRESSES[random_below(ADDRESS_COUNT)]);
	while (c.destination.is_v6 != c.source.is_v6);
	c.is_v6 = c.source.is_v6;
	c.is_loopback = !c.is_inbound && one_in(3);
	if (one_in(4))
		c.port = GATE_PORT;
	return c;
}

static void show(const struct redirect_plan *plan, const struct connection *c, uint16_t found,
		 uint16_t expected)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	strbuf_puts(&out, c->is_inbound ? "in" : "out");
	strbuf_puts(&out, c->is_tcp ? " tcp " : " udp ");
	cidr_format(&c->source, &out);
	strbuf_printf(&out, ":%u -> ", c->source_port);
	cidr_format(&c->destination, &out);
	strbuf_printf(&out, ":%u%s uid %u gid %u mark %u: to port %u, not %u\n", c->port,
		      c->is_loopback ? " on lo" : "", c->uid, c->gid, c->mark, found, expected);
	redirect_text_plan(plan, &out);
	printf("\n%s", out.data);
}

/* Counts what the connections became, so that a test that compares nothing is seen. */
struct tally {
	size_t passed;
	size_t inbound;
	size_t outbound;
};

static void compare_one(const struct redirect_spec *spec, const struct redirect_plan *plan,
			struct tally *tally)
{
	struct connection c = draw_connection();
	uint16_t expected = c.is_inbound ? inbound_port_by_document(spec, &c)
					 : outbound_port_by_document(spec, &c);
	uint16_t found = port_by_plan(plan, &c);

	if (found != expected) {
		show(plan, &c, found, expected);
		CU_FAIL_FATAL("the plan does something else");
	}
	tally->passed += found == 0;
	tally->inbound += found == INBOUND_PORT;
	tally->outbound += found == OUTBOUND_PORT;
}

static void test_traffic(void)
{
	struct tally tally = {0};

	random_state = 2463534242;
	for (size_t i = 0; i < DOCUMENTS; i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = draw_document();
		CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
		struct err err = {0};

		CU_ASSERT_FATAL(redirect_plan_build(&spec, &plan, &err) == 0);
		for (size_t j = 0; j < CONNECTIONS; j++)
			compare_one(&spec, &plan, &tally);
	}
	CU_ASSERT(tally.passed > 10000 && tally.inbound > 10000 && tally.outbound > 5000);
}

/* What every rule must be, whatever it says. */
static bool is_well_formed(const struct plan_rule *rule)
{
	bool is_for_output = rule->out_interface.text[0] != '\0' || rule->has_uid || rule->has_gid || rule->has_mark;
	size_t slots = 0;

	for (size_t i = 0; i < rule->port_count; i++)
		slots += rule->ports[i].first == rule->ports[i].last ? 1 : 2;
	return slots <= PLAN_PORT_SLOTS && (rule->protocol == PLAN_TCP || slots + rule->source_port == 0) &&
	       !(is_for_output && rule->chain == PLAN_CHAIN_INBOUND) && rule->families != 0 &&
	       (rule->verdict == PLAN_REDIRECT) == (rule->port != 0) &&
	       (rule->verdict != PLAN_GOTO || rule->target_chain > rule->chain) &&
	       rule->why != NULL;
}

/* Whether two rules of one chain ask and do the same in some family. */
static bool is_repeated(const struct plan_rule *a, const struct plan_rule *b)
{
	CLEANUP(strbuf_release) struct strbuf text_a = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf text_b = STRBUF_INIT;

	if ((a->families & b->families) == 0)
		return false;
	redirect_text_rule(a, &text_a);
	redirect_text_rule(b, &text_b);
	return strcmp(text_a.data, text_b.data) == 0;
}

static void check_form(const struct redirect_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_rule *rule = &plan->rules[i];

		if (!is_well_formed(rule))
			CU_FAIL_FATAL("a rule is malformed");
		if (i > 0 && rule->chain < rule[-1].chain)
			CU_FAIL_FATAL("rules are not chain by chain");
		for (size_t j = 0; j < i; j++) {
			if (is_repeated(rule, &plan->rules[j]))
				CU_FAIL_FATAL("a rule is there twice");
		}
	}
}

static void test_form(void)
{
	size_t rules = 0;

	random_state = 88172645;
	for (size_t i = 0; i < DOCUMENTS / 10; i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = draw_document();
		CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
		struct err err = {0};

		CU_ASSERT_FATAL(redirect_plan_build(&spec, &plan, &err) == 0);
		check_form(&plan);
		rules += plan.count;
	}
	CU_ASSERT(rules > 1000);
}

static CU_TestInfo tests[] = {{"the plan does what the document says", test_traffic},
			      {"rules are well formed and there once", test_form},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/redirect_plan: traffic", tests)
