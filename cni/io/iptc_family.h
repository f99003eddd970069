/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libiptc for either family by one set of functions: it has each of its functions twice, with the
 * family in the name and in the types. They are libiptc's own in all else (libiptc/libiptc.h): int
 * functions give 0 on failure, pointers NULL, and errno says why.
 */
#ifndef SIDEWIRE_CNI_IPTC_FAMILY_H
#define SIDEWIRE_CNI_IPTC_FAMILY_H

#include "cni/core/redirect_plan.h"

struct xtc_handle;

/* An entry is a struct ipt_entry or struct ip6t_entry, as the family has it. Positions start at 0.
 */
struct iptc_family {
	struct xtc_handle *(*open)(const char *table);
	void (*close)(struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);
	const char *(*first_chain)(struct xtc_handle *handle);
	const char *(*next_chain)(struct xtc_handle *handle);
	int (*create_chain)(const char *chain, struct xtc_handle *handle);
	int (*delete_chain)(const char *chain, struct xtc_handle *handle);
	const void *(*first_rule)(const char *chain, struct xtc_handle *handle);
	const void *(*next_rule)(const void *previous, struct xtc_handle *handle);
	const char *(*get_target)(const void *entry, struct xtc_handle *handle);
	const char *(*get_policy)(const char *chain, struct xtc_handle *handle); /* of its counters
										    nothing */
	int (*insert_rule)(const char *chain, const void *entry, unsigned int position,
			   struct xtc_handle *handle);
	int (*delete_rule)(const char *chain, unsigned int position, struct xtc_handle *handle);
};

/* The functions for PLAN_V4 or PLAN_V6. */
const struct iptc_family *iptc_family_of(enum plan_family family);

#endif
