/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of others that nf_tables has in the network namespace that the process is in. */
#ifndef SIDEWIRE_CNI_NFT_OTHERS_H
#define SIDEWIRE_CNI_NFT_OTHERS_H

#include "cni/core/foreign_chain.h"
#include "common/base/err.h"

/*
 * Adds their base chains that are asked at hooks of ours and not behind all of ours. None where the
 * kernel has no nf_tables. -EAGAIN: someone else keeps changing the ruleset. -EPERM; -ENOMEM; -EIO.
 */
int nft_others_list(struct foreign_list *list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
