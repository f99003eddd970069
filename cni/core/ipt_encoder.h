/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to ipt_entry: an entry in the making, and what ipt_match.c and ipt_target.c append to it.
 */
#ifndef SIDEWIRE_CNI_IPT_ENCODER_H
#define SIDEWIRE_CNI_IPT_ENCODER_H

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/redirect_plan.h"

/* More than the longest entry that a plan_rule can need: every match, and the largest target. */
enum { IPT_ENTRY_SIZE_MAX = 1024 };

/* The header is filled in last, when the offsets are known. */
struct ipt_encoder {
	enum plan_family family;
	size_t length;
	union {
		struct ipt_entry v4;
		struct ip6t_entry v6;
		uint8_t bytes[IPT_ENTRY_SIZE_MAX];
	} entry;
};

/*
 * Appends a match or a target with `size` bytes of zeroed data, which are returned to be filled in.
 * The two have one layout: struct xt_entry_match, struct xt_entry_target.
 */
void *ipt_encoder_append(struct ipt_encoder *encoder, const char *name, uint8_t revision,
			 size_t size) __attribute__((nonnull, returns_nonnull));

/* Appends a standard target: a verdict or the name of a chain. */
void ipt_encoder_append_standard(struct ipt_encoder *encoder, const char *name)
	__attribute__((nonnull));

/* Appends every match that the rule needs besides the header. */
void ipt_encoder_append_matches(struct ipt_encoder *encoder, const struct plan_rule *rule)
	__attribute__((nonnull));

/* Appends the target that is the rule's verdict. */
void ipt_encoder_append_target(struct ipt_encoder *encoder, const struct plan_rule *rule)
	__attribute__((nonnull));

#endif
