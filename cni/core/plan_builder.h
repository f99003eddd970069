/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to redirect_plan: a plan that grows, and what turns the lists of a document into rules.
 * Each function takes the rule that would be added, and fills in the match. */
#ifndef SIDEWIRE_CNI_PLAN_BUILDER_H
#define SIDEWIRE_CNI_PLAN_BUILDER_H

#include <stddef.h>

#include "cni/core/redirect_plan.h"

/* A failure is kept, and makes every further addition a no-op. */
struct plan_builder {
	struct redirect_plan plan; /* owned */
	size_t capacity;           /* rules allocated */
	int errnum;                /* positive: ENOMEM, E2BIG; 0 while nothing has failed */
};

enum plan_end { PLAN_SOURCE, PLAN_DESTINATION };
enum plan_owner { PLAN_UID, PLAN_GID };
enum plan_direction { PLAN_IN, PLAN_OUT };

/* Adds the rule as it is; one of no family is none. */
void plan_add(struct plan_builder *builder, const struct plan_rule *rule) __attribute__((nonnull));

/* Adds the rule for IPv4 and the one destination, and for IPv6 and the other. */
void plan_add_destinations(struct plan_builder *builder, struct plan_rule rule,
			   const struct cidr *v4, const struct cidr *v6) __attribute__((nonnull));

/* Whether the list holds every port. */
bool plan_is_every_port(const struct range_list *ports) __attribute__((nonnull));

/*
 * Adds the rule, which is one for TCP or UDP, for these ports: as often as multiport's slots make
 * it necessary; once and without a port match where the list holds every port; not at all where it
 * holds none.
 */
void plan_add_ports(struct plan_builder *builder, struct plan_rule rule,
		    const struct range_list *ports) __attribute__((nonnull));

/* The families, of PLAN_BOTH, of which the list holds every address; 0 for none. */
unsigned int plan_families_whole(const struct cidr_list *list) __attribute__((nonnull));

/* The families of which the list holds some addresses, but not every one; 0 for none. */
unsigned int plan_families_partial(const struct cidr_list *list) __attribute__((nonnull));

/* Adds the rule for each prefix of those of its families of which the list does not hold every
 * address. */
void plan_add_prefixes(struct plan_builder *builder, struct plan_rule rule, enum plan_end end,
		       const struct cidr_list *list) __attribute__((nonnull));

/* The same, and once without an address for those of its families of which it does. */
void plan_add_cidrs(struct plan_builder *builder, struct plan_rule rule, enum plan_end end,
		    const struct cidr_list *list) __attribute__((nonnull));

/* Adds the rule for what comes in, or goes out, at each of the interfaces. */
void plan_add_interfaces(struct plan_builder *builder, struct plan_rule rule,
			 enum plan_direction direction, const struct interface_list *list)
	__attribute__((nonnull));

/* The families of which the list holds any address. */
unsigned int plan_families_any(const struct cidr_list *list) __attribute__((nonnull));

/* Adds the rule for each range of ids, but for those that are in `handled` too: an earlier rule has
 * taken them. */
void plan_add_owners(struct plan_builder *builder, struct plan_rule rule, enum plan_owner owner,
		     const struct range_list *ids, const struct range_list *handled)
	__attribute__((nonnull));

#endif
