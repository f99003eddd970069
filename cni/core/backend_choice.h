/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By which of the kernel's two ways rules are programmed: a node's or a user's choice. */
#ifndef SIDEWIRE_CNI_BACKEND_CHOICE_H
#define SIDEWIRE_CNI_BACKEND_CHOICE_H

#include "common/base/err.h"

enum backend_choice {
	BACKEND_AUTO, /* iptables where the kernel has it, nftables otherwise */
	BACKEND_IPTABLES,
	BACKEND_NFTABLES,
	BACKEND_CHOICE_COUNT,
};

/* "auto", "iptables" or "nftables". */
const char *backend_choice_name(enum backend_choice choice);

/* The choice of that name. -EINVAL, naming the text and the three. */
int backend_choice_parse(const char *text, enum backend_choice *ret_choice, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
