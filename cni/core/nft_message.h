/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of nfnetlink (linux/netfilter/nfnetlink.h): writing requests and batches, reading what
 * the kernel answers. */
#ifndef SIDEWIRE_CNI_NFT_MESSAGE_H
#define SIDEWIRE_CNI_NFT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/nft_attr.h"
#include "cni/core/nft_content.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

/*
 * Writes a request to nf_tables of that type (enum nf_tables_msg_types) about what is in the family
 * (NFPROTO_*): for all of it with NLM_F_DUMP in `flags`. `table`, and the `name` of a set or chain
 * in it, narrow it; NULL.
 */
void nft_message_request(uint16_t type, uint16_t flags, uint8_t family, const char *table,
			 const char *name, struct strbuf *out) __attribute__((nonnull(6)));

enum { NFT_FIRST_OBJECT = 3 }; /* number of the message in a batch that tells of the first object */

/*
 * Writes the batch that puts the content in the place of the table that is there, if one is, or
 * takes it away: in one transaction, if the ruleset's generation is still that one. -ENOMEM.
 */
int nft_message_batch(const struct nft_content *content, bool is_table_there, uint32_t generation,
		      struct strbuf *out, struct err *err)
	__attribute__((nonnull, warn_unused_result));

enum nft_message_kind {
	NFT_TOLD,     /* of something that is there */
	NFT_ANSWERED, /* what was asked is done, or, with errnum, is not */
};

/* What the kernel has said. Points into what is read. */
struct nft_message {
	enum nft_message_kind kind;
	bool is_interrupted; /* the ruleset was changed while it was being told */
	bool is_part;        /* of a list, which NFT_ANSWERED ends; else it is all that is told */
	/* Of NFT_TOLD. */
	uint16_t type;  /* enum nf_tables_msg_types */
	uint8_t family; /* NFPROTO_* */
	struct nft_rest attributes;
	/* Of NFT_ANSWERED. */
	int errnum;          /* positive; 0: none */
	uint32_t number;     /* of the message in the batch that it is about */
	uint32_t bad_offset; /* in that message, of the attribute that the kernel does not like; 0:
				it does not say */
};

/* Reads the next message. false at the end, and where no whole one follows. */
bool nft_message_next(struct nft_rest *rest, struct nft_message *ret_message)
	__attribute__((nonnull));

/*
 * Says in words what the kernel, in `refusal`, refused of the batch that was made of `content`;
 * `rules` are those that the content was built of, and `reason` are the words of its errnum.
 * -ENOENT where the kernel lacks a module, which is named; else the kernel's error.
 */
int nft_message_explain(const struct nft_message *refusal, struct nft_rest batch,
			const struct nft_content *content, const struct nft_rules *rules,
			const char *reason, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
