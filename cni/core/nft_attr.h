/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink attributes as nf_tables has them (linux/netlink.h, struct nlattr): type, length, value;
 * numbers in network byte order; nested. A failed allocation stays with the buffer. */
#ifndef SIDEWIRE_CNI_NFT_ATTR_H
#define SIDEWIRE_CNI_NFT_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

/* Appends an attribute with these bytes, and its padding. */
void nft_put(struct strbuf *out, uint16_t type, const void *value, size_t size)
	__attribute__((nonnull));

/* Appends a number of 32 bits, told in host byte order. */
void nft_put_u32(struct strbuf *out, uint16_t type, uint32_t value) __attribute__((nonnull));

/* Appends a NUL terminated text with its NUL. */
void nft_put_text(struct strbuf *out, uint16_t type, const char *text) __attribute__((nonnull));

/* Begins an attribute that holds attributes: what is appended up to nft_close(), which takes what
 * this returns. They are at most 65,531 bytes. */
size_t nft_open(struct strbuf *out, uint16_t type) __attribute__((nonnull, warn_unused_result));
void nft_close(struct strbuf *out, size_t opened) __attribute__((nonnull));

/* Attributes, one behind the other, that are still to be read. Points into what is read. */
struct nft_rest {
	const uint8_t *bytes;
	size_t length;
};

struct nft_attr {
	uint16_t type;  /* without flags */
	bool is_nested; /* as its sender says: the kernel says it of none */
	struct nft_rest value;
};

/* Reads the next attribute. false at the end, and where no whole one follows. */
bool nft_next(struct nft_rest *rest, struct nft_attr *ret_attr) __attribute__((nonnull));

/* The value of the first attribute of that type; empty, with bytes NULL, where there is none. */
struct nft_rest nft_find(struct nft_rest attributes, uint16_t type);

/* The number of 32 bits in the first attribute of that type, in host byte order; 0 where there is
 * none. */
uint32_t nft_find_u32(struct nft_rest attributes, uint16_t type);

/* The text in the first attribute of that type; "" where there is none that ends with NUL. */
const char *nft_find_text(struct nft_rest attributes, uint16_t type);

/*
 * Whether `found` says what `expected` does. Attributes are found by their types, several of one
 * type by their order. What `expected` does not have may be there with zeros: a younger kernel
 * tells more. `expected` was written by nft_put() and nft_open().
 */
bool nft_attrs_equal(struct nft_rest expected, struct nft_rest found);

#endif
