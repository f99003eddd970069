/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to redirect_plan: rules to start from, for everything of both families, to which whoever
 * adds them adds the matches. */
#ifndef SIDEWIRE_CNI_PLAN_RULES_H
#define SIDEWIRE_CNI_PLAN_RULES_H

#include "cni/core/redirect_plan.h"

enum { PLAN_DNS_PORT = 53 };

extern const struct interface_name PLAN_LOOPBACK; /* "lo" */
extern const struct cidr PLAN_LOOPBACK_V4;        /* 127.0.0.0/8 */
extern const struct cidr PLAN_LOCALHOST_V4;       /* 127.0.0.1 */
extern const struct cidr PLAN_LOCALHOST_V6;       /* ::1 */

/* Passes. As in all of these, `chain` is where the rule stands, and `why` is its reason: static, 28
 * characters at most. */
struct plan_rule plan_pass(enum plan_chain chain, const char *why) __attribute__((nonnull));

/* Goes on in target_chain. */
struct plan_rule plan_goto(enum plan_chain chain, enum plan_chain target_chain, const char *why)
	__attribute__((nonnull));

/* Gets the mark; PLAN_MARK_NONE takes it off. */
struct plan_rule plan_set_mark(enum plan_chain chain, uint32_t mark, const char *why)
	__attribute__((nonnull));

/* Is kept in conntrack's zone. */
struct plan_rule plan_set_zone(enum plan_chain chain, uint16_t zone, const char *why)
	__attribute__((nonnull));

/* TCP to the proxy's port. */
struct plan_rule plan_tproxy_to(enum plan_chain chain, uint16_t port, const char *why)
	__attribute__((nonnull));

/* The same by nat. It takes what opens a connection: conntrack finds a connection new that was open
 * before the rules came, and to redirect that would cut it. */
struct plan_rule plan_redirect_to(enum plan_chain chain, uint16_t port, const char *why)
	__attribute__((nonnull));

/* The rule for another protocol than it had. */
struct plan_rule plan_for(enum plan_protocol protocol, struct plan_rule rule);

/* The rule for those of its families that are among these. */
struct plan_rule plan_of(unsigned int families, struct plan_rule rule);

/* The rule for packets with the mark. */
struct plan_rule plan_marked(enum plan_mark mark, struct plan_rule rule);

/* The rule for one destination port. */
struct plan_rule plan_at_port(uint16_t port, struct plan_rule rule);

/* The rule with another reason. */
struct plan_rule plan_because(const char *why, struct plan_rule rule) __attribute__((nonnull));

#endif
