/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_rules.h"

const struct interface_name PLAN_LOOPBACK = {"lo"};
const struct cidr PLAN_LOOPBACK_V4 = {.prefix_length = 8, .addr_be = {127}};
const struct cidr PLAN_LOCALHOST_V4 = {.prefix_length = CIDR_V4_BITS, .addr_be = {127, 0, 0, 1}};
const struct cidr PLAN_LOCALHOST_V6 = {
	.is_v6 = true, .prefix_length = CIDR_V6_BITS, .addr_be = {[15] = 1}};

struct plan_rule plan_pass(enum plan_chain chain, const char *why)
{
	return (struct plan_rule){
		.chain = chain, .families = PLAN_BOTH, .verdict = PLAN_PASS, .why = why};
}

struct plan_rule plan_goto(enum plan_chain chain, enum plan_chain target_chain, const char *why)
{
	struct plan_rule rule = plan_pass(chain, why);

	rule.verdict = PLAN_GOTO;
	rule.target_chain = target_chain;
	return rule;
}

struct plan_rule plan_set_mark(enum plan_chain chain, uint32_t mark, const char *why)
{
	struct plan_rule rule = plan_pass(chain, why);

	rule.verdict = PLAN_MARK;
	rule.set_mark = mark;
	return rule;
}

struct plan_rule plan_set_zone(enum plan_chain chain, uint16_t zone, const char *why)
{
	struct plan_rule rule = plan_pass(chain, why);

	rule.verdict = PLAN_ZONE;
	rule.zone = zone;
	return rule;
}

struct plan_rule plan_tproxy_to(enum plan_chain chain, uint16_t port, const char *why)
{
	struct plan_rule rule = plan_pass(chain, why);

	rule.protocol = PLAN_TCP;
	rule.verdict = PLAN_TPROXY;
	rule.port = port;
	return rule;
}

struct plan_rule plan_redirect_to(enum plan_chain chain, uint16_t port, const char *why)
{
	struct plan_rule rule = plan_tproxy_to(chain, port, why);

	rule.segment = PLAN_SYN;
	rule.verdict = PLAN_REDIRECT;
	return rule;
}

struct plan_rule plan_for(enum plan_protocol protocol, struct plan_rule rule)
{
	rule.protocol = protocol;
	rule.segment = PLAN_ANY_SEGMENT;
	return rule;
}

struct plan_rule plan_of(unsigned int families, struct plan_rule rule)
{
	rule.families &= families;
	return rule;
}

struct plan_rule plan_marked(enum plan_mark mark, struct plan_rule rule)
{
	rule.has_mark = true;
	rule.mark = mark;
	return rule;
}

struct plan_rule plan_at_port(uint16_t port, struct plan_rule rule)
{
	rule.port_count = 1;
	rule.ports[0] = (struct range){port, port};
	return rule;
}

struct plan_rule plan_because(const char *why, struct plan_rule rule)
{
	rule.why = why;
	return rule;
}
