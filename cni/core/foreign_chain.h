/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains of others that netfilter asks at the hooks where it asks ours, and whether they shadow
 * ours.
 *
 * At a hook netfilter asks one chain after the other, by priority: base chains of nf_tables, and
 * the built-in chains of iptables' tables. A rule of another's chain shadows ours when it stands
 * before, and what it matches never comes to ours, or when nothing can be done with it any more:
 * see enum foreign_end. It is the meaning that a rule before our jump in one table of iptables has
 * (ipt_rules.h). So:
 *
 * - What a rule matches is not looked at: who puts one there takes something from us.
 * - Only rules count that stand in the hook's own chain. kube-proxy, portmap and Cilium jump from
 *   there to chains of their own, which are not looked into. Docker since version 28, which drops
 *   in raw PREROUTING itself, and KubeVirt, which translates 127.0.0.1 in nat OUTPUT itself, are
 *   named, harmless as these rules are.
 * - `accept` and `return` end the chain of another table and no more: ours are asked next.
 * - Chains of ours that drop and reject are shadowed by none: others do the same, or nothing.
 *
 * Of chains with one priority the one that was registered last is asked first. The kernel does not
 * tell, but a table's age: nothing in a table that is younger than ours was there before ours. Of
 * an older one, ours are taken to be asked first; an apply, which makes ours anew, sees to it.
 * Where iptables is one of the two nobody knows, and the other one is taken to be first.
 */
#ifndef SIDEWIRE_CNI_FOREIGN_CHAIN_H
#define SIDEWIRE_CNI_FOREIGN_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

/* What a rule may do so that ours come too late. */
enum foreign_end {
	FOREIGN_DROP,    /* drops or rejects; everything is lost */
	FOREIGN_NAT,     /* has a connection translated, which is done once: nat of ours is not */
	FOREIGN_TPROXY,  /* gives it to a socket, which gets it whatever nat makes of it */
	FOREIGN_NOTRACK, /* hides it from conntrack: nothing is translated, no zone is set */
	FOREIGN_END_COUNT,
};

enum { FOREIGN_NAME_SIZE = 256 }; /* the longest name of a table or chain (NFT_NAME_MAXLEN) */

struct foreign_chain {
	const char *family_name; /* static: "ip", "IPv4" */
	char table[FOREIGN_NAME_SIZE];
	char name[FOREIGN_NAME_SIZE];
	enum plan_family families;
	uint32_t hook; /* linux/netfilter.h, enum nf_inet_hooks */
	int32_t priority;
	bool is_nat;   /* asked by nat, among chains that are this alone */
	bool is_older; /* than ours: asked after ours where the priority is the same */
	/* The first rule that does so, from 1; 0: none. */
	unsigned int rules[FOREIGN_END_COUNT];
	bool is_policy_drop; /* it drops what none of its rules accepts */
};

struct foreign_list {
	struct foreign_chain *items; /* owned */
	size_t count;
};

/* Adds a copy of the chain. -ENOMEM. */
int foreign_list_add(struct foreign_list *list, const struct foreign_chain *chain, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Takes the chain at that place out. */
void foreign_list_remove(struct foreign_list *list, size_t index) __attribute__((nonnull));

/* Frees the chains; the list is empty afterwards. For CLEANUP(). */
void foreign_list_release(struct foreign_list *list) __attribute__((nonnull));

/* The name as a value, cut to what the kernel takes. */
void foreign_name_set(char name[static FOREIGN_NAME_SIZE], const char *text)
	__attribute__((nonnull));

/* Notes that the chain's rule of that number, from 1, does so. */
void foreign_chain_note(struct foreign_chain *chain, enum foreign_end end, unsigned int number)
	__attribute__((nonnull));

/* Notes what that rule does by a target of iptables, with its own data. Verdicts and jumps are
 * targets, too. */
void foreign_chain_note_target(struct foreign_chain *chain, const char *target, const uint8_t *data,
			       size_t data_size, unsigned int number)
	__attribute__((nonnull(1, 2)));

/* Whether any rule that was noted, or the policy, could shadow something. */
bool foreign_chain_does_anything(const struct foreign_chain *chain) __attribute__((nonnull));

/*
 * Whether none of the chains shadows a rule that the plan has in these families. -EBUSY at the
 * first that does, with a message that names table, chain, rule number and the chain of ours.
 */
int foreign_list_check(const struct foreign_list *list, const struct redirect_plan *plan,
		       enum plan_family families, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
