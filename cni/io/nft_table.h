/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table `inet sidewire` of the network namespace that the process is in: read, and written in
 * one transaction. */
#ifndef SIDEWIRE_CNI_NFT_TABLE_H
#define SIDEWIRE_CNI_NFT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "cni/core/nft_content.h"
#include "common/base/err.h"

/* What is in force. */
struct nft_state {
	struct nft_content content; /* owned */
	uint32_t generation;        /* of the ruleset, all tables together */
	struct err mesh;            /* code 0, or which chains of another mesh are there */
};

/* Whether the table is there. *ret_is_there is false where the kernel has no nf_tables. */
int nft_table_exists(bool *ret_is_there, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Reads the table, and looks for other meshes. The caller releases *ret_state. -EAGAIN: someone
 * else keeps changing the ruleset. -ENOPROTOOPT; -EPERM; -ENOMEM; -EIO.
 */
int nft_table_read(struct nft_state *ret_state, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Puts the content in the place of what the table holds; `rules` are those that it was built of,
 * and `now` is what was read. -EAGAIN: the ruleset has another generation by now. -ENOENT: the
 * kernel lacks something, which the message names. -EIO: it may have been written. After any other
 * failure nothing was.
 */
int nft_table_write(const struct nft_content *content, const struct nft_rules *rules,
		    const struct nft_state *now, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees what was read; what is left is empty. For CLEANUP(). */
void nft_state_release(struct nft_state *state) __attribute__((nonnull));

#endif
