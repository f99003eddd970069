/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nftables' rules as text that `nft -f` takes, for people and for messages. */
#ifndef SIDEWIRE_CNI_NFT_TEXT_H
#define SIDEWIRE_CNI_NFT_TEXT_H

#include "cni/core/nft_rules.h"
#include "cni/core/redirect_plan.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

/* One rule, without newline: "tcp dport 15999 redirect to :15006". Its sets are those of `rules`.
 */
void nft_text_rule(const struct nft_rules *rules, const struct nft_rule *rule, struct strbuf *out)
	__attribute__((nonnull));

/* The whole plan, for both families: what makes the table anew. -ENOMEM. */
int redirect_text_nft(const struct redirect_plan *plan, struct strbuf *out, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
