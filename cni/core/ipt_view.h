/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading entries of ip_tables and ip6_tables, our own and those that the kernel gives, in the form
 * that ipt_entry.h tells of.
 */
#ifndef SIDEWIRE_CNI_IPT_VIEW_H
#define SIDEWIRE_CNI_IPT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/redirect_plan.h"
#include "common/base/err.h"

/* A match or a target inside an entry. The names are those of the kernel's modules. */
struct ipt_extension {
	const char *name; /* points into the entry; "" for a standard target that the kernel gave */
	uint8_t revision;
	bool is_target;
	const uint8_t *data; /* points into the entry */
	size_t data_size;    /* bytes, padded to the kernel's alignment */
};

/*
 * Copies an entry that the kernel gave, whose target is `target` in words: for a standard target
 * the chain's or verdict's name, which takes the place of the offset; otherwise the target's own
 * name. The caller frees *ret_entry. -EIO: its parts do not fill it; the kernel would not have
 * taken such a one. -ENOMEM.
 */
int ipt_entry_copy(const void *entry, enum plan_family family, const char *target, void **ret_entry,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Walks the matches and then the target of an entry, which is one of ours, or copied, or one that
 * the kernel has told: `*offset` starts at 0, and is the walk's state. false, with nothing written,
 * behind the target.
 */
bool ipt_entry_next_extension(const void *entry, enum plan_family family, size_t *offset,
			      struct ipt_extension *ret_extension) __attribute__((nonnull));

/*
 * Whether two entries match the same packets by the same means and do the same with them. Counters
 * and what the kernel keeps in an entry for itself are not looked at.
 */
bool ipt_entry_equal(const void *a, const void *b, enum plan_family family)
	__attribute__((nonnull));

#endif
