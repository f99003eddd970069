/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as text: a stable form for golden tests and messages, and plain words for people. */
#ifndef SIDEWIRE_CNI_REDIRECT_TEXT_H
#define SIDEWIRE_CNI_REDIRECT_TEXT_H

#include "cni/core/redirect_plan.h"
#include "common/base/strbuf.h"

/*
 * One rule in iptables' words, without newline:
 * "-A SIDEWIRE_INBOUND -p tcp --syn --dport 15999 -j REDIRECT --to-ports 15006". Types of ICMP
 * stand behind each other with commas, where iptables has a rule for each.
 */
void redirect_text_rule(const struct plan_rule *rule, struct strbuf *out) __attribute__((nonnull));

/*
 * What the plan has for one family, PLAN_V4 or PLAN_V6, table by table, as iptables-restore and
 * ip6tables-restore --noflush read it; nothing for a family without rules.
 */
void redirect_text_plan(const struct redirect_plan *plan, enum plan_family family,
			struct strbuf *out) __attribute__((nonnull));

/* The whole plan for people, chain by chain, each rule a numbered sentence with its reason; then
 * the routes of marks. */
void redirect_text_words(const struct redirect_plan *plan, struct strbuf *out)
	__attribute__((nonnull));

#endif
