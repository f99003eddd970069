/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan as nftables' values: what stands in the table `inet sidewire`. Rules of the plan that
 * follow each other and differ only in ports, or only in prefixes, become one rule with a set; what
 * stays per rule is what nft_expr encodes and nft_text prints.
 *
 * A base chain stands for each table and hook of the plan, "nat_output", and has one rule, that
 * jumps to our chain. As none of our chains is jumped to from another of ours, `return` leaves them
 * all.
 */
#ifndef SIDEWIRE_CNI_NFT_RULES_H
#define SIDEWIRE_CNI_NFT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

#define NFT_TABLE "sidewire"

enum {
	NFT_KEY_SIZE_MAX = 16,  /* an IPv6 address */
	NFT_SET_NAME_SIZE = 48, /* the chain's name, '_', a number, NUL */
};

/* What the elements of a set are. */
enum nft_key { NFT_KEY_V4, NFT_KEY_V6, NFT_KEY_PORT, NFT_KEY_ICMP, NFT_KEY_ICMP6, NFT_KEY_COUNT };

struct nft_key_kind {
	const char *type; /* nft's word for it */
	uint32_t number;  /* nft's number of that type, by which `nft list` knows it */
	size_t size;      /* bytes */
};

extern const struct nft_key_kind NFT_KEYS[NFT_KEY_COUNT];

/* Both ends are in it; network byte order; what follows the key's size is zero. */
struct nft_interval {
	uint8_t first_be[NFT_KEY_SIZE_MAX];
	uint8_t last_be[NFT_KEY_SIZE_MAX];
};

struct nft_set {
	char name[NFT_SET_NAME_SIZE];
	enum nft_key key;
	struct nft_interval *intervals; /* owned; ascending, with gaps between them */
	size_t count;
};

enum { NFT_NO_SET = 0 };

struct nft_rule {
	const struct plan_rule
		*source;         /* borrowed: all that follows aside, it says what is asked */
	enum plan_family family; /* to be asked for: PLAN_V4 or PLAN_V6; PLAN_BOTH: need not be */
	/* Sets by number from 1, or NFT_NO_SET: each takes the place of what `source` has there. */
	size_t source_set;
	size_t destination_set;
	size_t value_set; /* of ports, or of ICMP's types */
	/* Follows a rule with PLAN_TPROXY, which does nothing where no socket is there, and drops
	 * what would get past the proxy: TCP's SYN, and UDP. */
	bool is_without_proxy;
};

struct nft_rules {
	enum plan_family families; /* that are programmed; a base chain asks for one of them */
	struct nft_rule *rules;    /* owned; by chain, and in a chain in order of evaluation */
	size_t count;
	struct nft_set *sets; /* owned */
	size_t set_count;
};

/* The plan's part for these families. The caller releases it, before the plan. -ENOMEM. */
int nft_rules_build(const struct redirect_plan *plan, enum plan_family families,
		    struct nft_rules *ret_rules, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The address behind an interval, the first that is not in it. false where there is none. */
bool nft_interval_end(const struct nft_interval *interval, enum nft_key key,
		      uint8_t ret_end_be[static NFT_KEY_SIZE_MAX]) __attribute__((nonnull));

/* Frees rules and sets; what is left is empty. For CLEANUP(). */
void nft_rules_release(struct nft_rules *rules) __attribute__((nonnull));

/* A base chain, as its table and hook want it. */
struct nft_base_chain {
	const char *name;     /* "nat_prerouting" */
	const char *type;     /* "filter", "nat", "route" */
	const char *hook;     /* in nft's words: "prerouting", "input", "output" */
	uint32_t hook_number; /* linux/netfilter.h, enum nf_inet_hooks */
	int32_t priority;     /* as iptables' table has at that hook */
};

/* The base chain from which the plan's chain is reached; NULL for a chain that only ours reach. */
const struct nft_base_chain *nft_base_chain_of(enum plan_chain chain);

/* The base chain that stands where iptables has a built-in chain of that name in a table; NULL
 * where no plan has one. */
const struct nft_base_chain *nft_base_chain_at(enum plan_table table, const char *hook)
	__attribute__((nonnull));

#endif
