/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our part of one table of a family, as values: the chains of ours, the rules in them, and the
 * rules elsewhere that lead to them. It says what shall be in force (made of a plan), and what is
 * or was (read from the kernel); the same thing is put in, put back and compared.
 */
#ifndef SIDEWIRE_CNI_IPT_RULES_H
#define SIDEWIRE_CNI_IPT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "cni/core/ipt_entry.h"
#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

/* What every chain's name of ours begins with, and no other's does. */
#define IPT_CHAIN_PREFIX "SIDEWIRE_"

struct ipt_chain {
	char name[IPT_CHAIN_NAME_SIZE];
};

struct ipt_rule {
	struct ipt_chain chain; /* where it stands: a chain of ours, or one that leads to ours */
	unsigned int position;  /* in its chain, from 0, foreign rules counted */
	void *entry;            /* owned; see ipt_entry.h */
	const struct plan_rule *source; /* borrowed; NULL for a jump, and if the kernel gave it */
};

/* A foreign rule before a jump to a chain of ours: what it matches never comes there. */
struct ipt_shadow {
	struct ipt_chain chain;  /* where both stand */
	unsigned int position;   /* from 0 */
	struct ipt_chain target; /* that ends it */
	struct ipt_chain jump;   /* the chain of ours */
};

struct ipt_rules {
	enum plan_table table;
	enum plan_family family;  /* PLAN_V4 or PLAN_V6 */
	struct ipt_chain *chains; /* owned; ours only */
	size_t chain_count;
	struct ipt_rule *rules; /* owned; those of a chain together, in its order */
	size_t rule_count;
	bool is_shadowed; /* never, if made of a plan */
	struct ipt_shadow shadow;
};

/* "IPv4" or "IPv6". */
const char *ipt_family_name(enum plan_family family);

/* The name as a value, cut to what the kernel takes. */
struct ipt_chain ipt_chain_named(const char *name) __attribute__((nonnull));

/* Whether a chain of that name is ours. */
bool ipt_chain_is_ours(const char *name) __attribute__((nonnull));

/* Whether a rule of that target ends a packet's way through the table: a verdict, or a target that
 * is one. Other plugins jump to chains of their own instead, which are not looked into. */
bool ipt_target_is_end(const char *target) __attribute__((nonnull));

/* The mesh that names its chains so, or NULL. */
const char *ipt_chain_mesh(const char *name) __attribute__((nonnull));

/* Adds a chain of ours. -ENOMEM. */
int ipt_rules_add_chain(struct ipt_rules *rules, const char *name, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Adds the rule that stands at `position` of `chain`. The rules of a chain have to be added one
 * after the other. Steals `*entry`, which is then NULL; `source` may be NULL. -ENOMEM.
 */
int ipt_rules_add(struct ipt_rules *rules, const char *chain, unsigned int position, void **entry,
		  const struct plan_rule *source, struct err *err)
	__attribute__((nonnull(1, 2, 4, 6), warn_unused_result));

/*
 * The plan's part for one table of a family: the chains that hold a rule, each with the jump to it
 * as the first rule of its hook. A rule that names several types of ICMP is as many rules here. The
 * caller releases it, before the plan. -ENOMEM.
 */
int ipt_rules_build(const struct redirect_plan *plan, enum plan_table table,
		    enum plan_family family, struct ipt_rules *ret_rules, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Compares what is in force with what should be. -EUCLEAN at the first difference, with a message
 * that names family, table, chain, rule number (from 1) and the rule that was expected: a chain of
 * ours that is missing or one too many, a rule that is missing, another or one too many, a jump
 * that is missing or that nobody expects, a rule that shadows one. Where else in its hook a jump
 * stands is not compared: other plugins may add jumps of their own before it.
 */
int ipt_rules_compare(const struct ipt_rules *expected, const struct ipt_rules *found,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

/* Whether one of the chains that are there is not there any more afterwards. */
bool ipt_rules_lose_chain(const struct ipt_rules *before, const struct ipt_rules *after)
	__attribute__((nonnull));

/* Frees chains and rules; what is left is empty. For CLEANUP(). */
void ipt_rules_release(struct ipt_rules *rules) __attribute__((nonnull));

#endif
