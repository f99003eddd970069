/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the table `inet sidewire`, or shall be: chains, sets, their elements, and rules, each
 * as the attributes with which nf_tables is told of it. One made of a plan and one read from the
 * kernel are the same thing: either can be put in force, and they are compared.
 */
#ifndef SIDEWIRE_CNI_NFT_CONTENT_H
#define SIDEWIRE_CNI_NFT_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/nft_attr.h"
#include "cni/core/nft_rules.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

enum nft_kind { NFT_CHAIN, NFT_SET, NFT_ELEMENTS, NFT_RULE, NFT_KIND_COUNT };

/* The message that makes an object of the kind, or tells of one: enum nf_tables_msg_types. */
uint16_t nft_kind_message(enum nft_kind kind);

struct nft_object {
	enum nft_kind kind;
	size_t offset; /* of its attributes in the content's bytes */
	size_t size;
};

struct nft_content {
	bool is_there;   /* the table; without it there are no objects */
	bool is_dormant; /* somebody has switched the table off (NFT_TABLE_F_DORMANT) */
	struct strbuf bytes;
	struct nft_object *objects; /* owned; by kind, rules of a chain in their order */
	size_t count;
	size_t rule_count; /* the last objects: those of the plan first, in the order of nft_rules,
			      then those of base chains */
};

/* What the rules ask for: nothing at all where there are none. The caller releases it. -ENOMEM. */
int nft_content_build(const struct nft_rules *rules, struct nft_content *ret_content,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Adds an object that the kernel has told of: what is worth keeping of its attributes. Objects have
 * to come by kind. -ENOMEM.
 */
int nft_content_add(struct nft_content *content, enum nft_kind kind, struct nft_rest told,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/* The object's attributes. They stay where they are until the content is changed. */
struct nft_rest nft_content_attributes(const struct nft_content *content, size_t object)
	__attribute__((nonnull));

/*
 * Compares what is in force with what should be; `rules` are those that `expected` was built of.
 * -EUCLEAN at the first difference, with a message that names chain, rule number (from 1), and the
 * rule that was expected.
 */
int nft_content_compare(const struct nft_content *expected, const struct nft_rules *rules,
			const struct nft_content *found, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees it; what is left is empty. For CLEANUP(). */
void nft_content_release(struct nft_content *content) __attribute__((nonnull));

#endif
