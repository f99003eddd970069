/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_order.h"
#include "cni/core/plan_parts.h"
#include "cni/core/plan_rules.h"

enum { QUIC_PORT = 443 };

static void plan_invalid(struct plan_builder *builder)
{
	struct plan_rule rule = plan_pass(PLAN_CHAIN_INVALID, "of no connection");

	rule.state = PLAN_INVALID;
	rule.verdict = PLAN_DROP;
	plan_add(builder, &rule);
}

/* ICMP of one family and these types passes. */
static void add_icmp(struct plan_builder *builder, enum plan_family family, const char *why,
		     const uint8_t *types, size_t count)
{
	struct plan_rule rule = plan_for(PLAN_ICMP, plan_pass(PLAN_CHAIN_NON_TCP, why));

	rule.families = family;
	rule.icmp_count = count;
	for (size_t i = 0; i < count; i++)
		rule.icmp_types[i] = types[i];
	plan_add(builder, &rule);
}

/*
 * What makes other traffic work, and carries nothing of its own: errors (RFC 792; RFC 4443, 2.1);
 * multicast listeners (RFC 2710, RFC 3810), routers and neighbours (RFC 4861).
 */
static void add_needed_icmp(struct plan_builder *builder)
{
	static const uint8_t ERRORS_V4[] = {3, 11, 12};
	static const uint8_t ERRORS_V6[] = {1, 2, 3, 4};
	static const uint8_t LINK_V6[] = {130, 131, 132, 133, 134, 135, 136, 137, 143};

	add_icmp(builder, PLAN_V4, "ICMP error", ERRORS_V4, sizeof(ERRORS_V4));
	add_icmp(builder, PLAN_V6, "ICMP error", ERRORS_V6, sizeof(ERRORS_V6));
	add_icmp(builder, PLAN_V6, "IPv6 on the link", LINK_V6, sizeof(LINK_V6));
}

/* DNS that nat has sent to the proxy: it is on its way to lo, but OUTPUT still has the interface
 * that it had. */
static void add_captured_dns(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule rule = plan_at_port(
		spec->dns_port, plan_for(PLAN_UDP, plan_pass(PLAN_CHAIN_NON_TCP, "captured DNS")));

	if (spec->dns_port != 0 && spec->mode != REDIRECT_MODE_TPROXY_BOTH)
		plan_add_destinations(builder, rule, &PLAN_LOCALHOST_V4, &PLAN_LOCALHOST_V6);
}

static void plan_non_tcp(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct plan_rule exempt = plan_pass(PLAN_CHAIN_NON_TCP, "");
	struct plan_rule tcp = plan_for(PLAN_TCP, plan_because("the proxy's business", exempt));
	struct plan_rule local = plan_because("the pod to itself", exempt);
	struct plan_rule dns =
		plan_at_port(PLAN_DNS_PORT, plan_for(PLAN_UDP, plan_because("DNS", exempt)));
	struct plan_rule reply = plan_because("answer", exempt);
	struct plan_rule rejected = plan_because("past the proxy", exempt);

	plan_add(builder, &tcp);
	local.out_interface = PLAN_LOOPBACK;
	plan_add(builder, &local);
	plan_add_senders(builder, spec, exempt, exempt, true);
	add_captured_dns(builder, spec);
	if (spec->non_tcp == NON_TCP_REJECT)
		plan_add(builder, &dns);
	plan_add_excluded_receivers(builder, spec, exempt, PLAN_UDP);
	reply.state = PLAN_REPLY;
	if (spec->mode != REDIRECT_MODE_TPROXY_BOTH)
		plan_add(builder, &reply);
	rejected.verdict = PLAN_REJECT;
	if (spec->non_tcp == NON_TCP_REJECT)
		add_needed_icmp(builder);
	else
		rejected = plan_at_port(QUIC_PORT, plan_for(PLAN_UDP, rejected));
	plan_add(builder, &rejected);
}

void plan_filter(struct plan_builder *builder, const struct redirect_spec *spec)
{
	if (spec->drop_invalid)
		plan_invalid(builder);
	if (spec->non_tcp != NON_TCP_ALLOW)
		plan_non_tcp(builder, spec);
}
