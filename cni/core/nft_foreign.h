/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other tables of nftables, as nf_tables tells of them: what of them foreign_chain.h is about. */
#ifndef SIDEWIRE_CNI_NFT_FOREIGN_H
#define SIDEWIRE_CNI_NFT_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "cni/core/foreign_chain.h"
#include "cni/core/nft_attr.h"

/*
 * Reads what NFT_MSG_NEWCHAIN tells of a chain in a family (NFPROTO_*). false: it can shadow
 * nothing, as it is ours, is no base chain, or is asked elsewhere than ours or behind all of ours.
 */
bool nft_foreign_chain(struct nft_rest chain, uint8_t family, struct foreign_chain *ret_chain)
	__attribute__((nonnull));

/* The family, as nf_tables numbers it, in which the chain is. */
uint8_t nft_foreign_family(const struct foreign_chain *chain) __attribute__((nonnull));

/*
 * Notes what NFT_MSG_NEWTABLE tells of a table: which of the chains are older than ours, and which
 * are not there, as nobody asks those of a dormant table. Tables are told of in the order in which
 * they were made. *is_ours_told is false at first.
 */
void nft_foreign_note_table(struct nft_rest table, uint8_t family, struct foreign_list *list,
			    bool *is_ours_told) __attribute__((nonnull));

/* Whether the rule that NFT_MSG_NEWRULE tells of, asked for by family, is one of the chain. */
bool nft_foreign_is_of(struct nft_rest rule, const struct foreign_chain *chain)
	__attribute__((nonnull));

/* Notes what NFT_MSG_NEWRULE tells of the chain's rule of that number, from 1. */
void nft_foreign_note_rule(struct nft_rest rule, unsigned int number, struct foreign_chain *chain)
	__attribute__((nonnull));

#endif
