/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nftables' rules as the kernel's expressions (linux/netfilter/nf_tables.h, NFTA_RULE_EXPRESSIONS),
 * with the attributes that it tells when it is asked for them. */
#ifndef SIDEWIRE_CNI_NFT_EXPR_H
#define SIDEWIRE_CNI_NFT_EXPR_H

#include "cni/core/nft_rules.h"
#include "common/base/strbuf.h"

/* Appends the attribute with the expressions of a rule; its sets are those of `rules`. */
void nft_expr_rule(const struct nft_rules *rules, const struct nft_rule *rule, struct strbuf *out)
	__attribute__((nonnull));

/* The same of a base chain's rule, which leads to the plan's chain, for packets of `families`. */
void nft_expr_jump(enum plan_family families, enum plan_chain chain, struct strbuf *out)
	__attribute__((nonnull));

#endif
