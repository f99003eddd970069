/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/iptc_family.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

/* The functions whose types name the family's entry, wrapped for a family's prefix. */
#define WRAP_FAMILY(prefix)                                                                     \
	static int prefix##_create(const char *chain, struct xtc_handle *handle)                \
	{                                                                                       \
		return prefix##_create_chain(chain, handle);                                    \
	}                                                                                       \
	static int prefix##_delete(const char *chain, struct xtc_handle *handle)                \
	{                                                                                       \
		return prefix##_delete_chain(chain, handle);                                    \
	}                                                                                       \
	static const void *prefix##_first(const char *chain, struct xtc_handle *handle)         \
	{                                                                                       \
		return prefix##_first_rule(chain, handle);                                      \
	}                                                                                       \
	static const void *prefix##_next(const void *previous, struct xtc_handle *handle)       \
	{                                                                                       \
		return prefix##_next_rule(previous, handle);                                    \
	}                                                                                       \
	static const char *prefix##_target(const void *entry, struct xtc_handle *handle)        \
	{                                                                                       \
		return prefix##_get_target(entry, handle);                                      \
	}                                                                                       \
	static const char *prefix##_policy(const char *chain, struct xtc_handle *handle)        \
	{                                                                                       \
		struct xt_counters counters;                                                    \
                                                                                                \
		return prefix##_get_policy(chain, &counters, handle);                           \
	}                                                                                       \
	static int prefix##_insert(const char *chain, const void *entry, unsigned int position, \
				   struct xtc_handle *handle)                                   \
	{                                                                                       \
		return prefix##_insert_entry(chain, entry, position, handle);                   \
	}                                                                                       \
	static int prefix##_remove(const char *chain, unsigned int position,                    \
				   struct xtc_handle *handle)                                   \
	{                                                                                       \
		return prefix##_delete_num_entry(chain, position, handle);                      \
	}                                                                                       \
	static const struct iptc_family prefix##_family = {                                     \
		.open = prefix##_init,                                                          \
		.close = prefix##_free,                                                         \
		.commit = prefix##_commit,                                                      \
		.first_chain = prefix##_first_chain,                                            \
		.next_chain = prefix##_next_chain,                                              \
		.create_chain = prefix##_create,                                                \
		.delete_chain = prefix##_delete,                                                \
		.first_rule = prefix##_first,                                                   \
		.next_rule = prefix##_next,                                                     \
		.get_target = prefix##_target,                                                  \
		.get_policy = prefix##_policy,                                                  \
		.insert_rule = prefix##_insert,                                                 \
		.delete_rule = prefix##_remove,                                                 \
	};

WRAP_FAMILY(iptc)
WRAP_FAMILY(ip6tc)

const struct iptc_family *iptc_family_of(enum plan_family family)
{
	return family == PLAN_V4 ? &iptc_family : &ip6tc_family;
}
