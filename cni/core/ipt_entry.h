/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule of a plan as the kernel's ip_tables and ip6_tables take it: struct ipt_entry or struct
 * ip6t_entry, the matches behind it, the target at the end (linux/netfilter/x_tables.h,
 * linux/netfilter_ipv4/ip_tables.h, linux/netfilter_ipv6/ip6_tables.h).
 *
 * An entry is a block from malloc() in the family's layout. Its standard target, a jump or a
 * verdict, stands by name, as libiptc wants it: "RETURN", "DROP", or a chain's name, with a verdict
 * of 0.
 * `family` is PLAN_V4 or PLAN_V6 everywhere.
 */
#ifndef SIDEWIRE_CNI_IPT_ENTRY_H
#define SIDEWIRE_CNI_IPT_ENTRY_H

#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

enum { IPT_CHAIN_NAME_SIZE = 29 }; /* XT_EXTENSION_MAXNAMELEN, the NUL included */

/* Encodes a rule that is meant for the family, and names one type of ICMP at most: the kernel's
 * match has one. The caller frees *ret_entry. -ENOMEM. */
int ipt_entry_encode(const struct plan_rule *rule, enum plan_family family, void **ret_entry,
		     struct err *err) __attribute__((nonnull, warn_unused_result));

/* Encodes a jump of everything to a chain. The caller frees *ret_entry. -ENOMEM. */
int ipt_entry_encode_jump(const char *chain, enum plan_family family, void **ret_entry,
			  struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
