/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_builder.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 32 }; /* rules; an ordinary document has fewer */

/* Makes room for one more rule. false, with the failure kept, when there is none. */
static bool reserve(struct plan_builder *builder)
{
	if (builder->plan.count < builder->capacity)
		return true;
	size_t capacity = builder->capacity > 0 ? builder->capacity * 2 : FIRST_CAPACITY;
	struct plan_rule *rules = realloc(builder->plan.rules, capacity * sizeof(*rules));
	if (rules == NULL) {
		builder->errnum = ENOMEM;
		return false;
	}
	builder->plan.rules = rules;
	builder->capacity = capacity;
	return true;
}

void plan_add(struct plan_builder *builder, const struct plan_rule *rule)
{
	if (rule->families == 0)
		return;
	if (builder->errnum == 0 && builder->plan.count == PLAN_RULES_MAX)
		builder->errnum = E2BIG;
	if (builder->errnum == 0 && reserve(builder))
		builder->plan.rules[builder->plan.count++] = *rule;
}

void plan_add_destinations(struct plan_builder *builder, struct plan_rule rule,
			   const struct cidr *v4, const struct cidr *v6)
{
	rule.has_destination = true;
	rule.families = PLAN_V4;
	rule.destination = *v4;
	plan_add(builder, &rule);
	rule.families = PLAN_V6;
	rule.destination = *v6;
	plan_add(builder, &rule);
}

bool plan_is_every_port(const struct range_list *ports)
{
	return ports->count == 1 && ports->items[0].first == RANGE_KIND_PORT.min &&
	       ports->items[0].last == RANGE_KIND_PORT.max;
}

void plan_add_ports(struct plan_builder *builder, struct plan_rule rule,
		    const struct range_list *ports)
{
	size_t slots = 0;

	if (plan_is_every_port(ports)) {
		plan_add(builder, &rule);
		return;
	}
	for (size_t i = 0; i < ports->count; i++) {
		const struct range *range = &ports->items[i];
		size_t needed = range->first == range->last ? 1 : 2;

		if (slots + needed > PLAN_PORT_SLOTS) {
			plan_add(builder, &rule);
			rule.port_count = 0;
			slots = 0;
		}
		rule.ports[rule.port_count++] = *range;
		slots += needed;
	}
	if (rule.port_count > 0)
		plan_add(builder, &rule);
}

static enum plan_family family_of(const struct cidr *cidr)
{
	return cidr->is_v6 ? PLAN_V6 : PLAN_V4;
}

unsigned int plan_families_whole(const struct cidr_list *list)
{
	unsigned int families = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (cidr_is_all(&list->items[i]))
			families |= family_of(&list->items[i]);
	}
	return families;
}

unsigned int plan_families_any(const struct cidr_list *list)
{
	unsigned int families = 0;

	for (size_t i = 0; i < list->count; i++)
		families |= family_of(&list->items[i]);
	return families;
}

unsigned int plan_families_partial(const struct cidr_list *list)
{
	return plan_families_any(list) & ~plan_families_whole(list);
}

void plan_add_prefixes(struct plan_builder *builder, struct plan_rule rule, enum plan_end end,
		       const struct cidr_list *list)
{
	unsigned int partial = plan_families_partial(list) & rule.families;
	struct cidr *match = end == PLAN_SOURCE ? &rule.source : &rule.destination;

	*(end == PLAN_SOURCE ? &rule.has_source : &rule.has_destination) = true;
	for (size_t i = 0; i < list->count; i++) {
		*match = list->items[i];
		rule.families = family_of(match) & partial;
		plan_add(builder, &rule);
	}
}

void plan_add_cidrs(struct plan_builder *builder, struct plan_rule rule, enum plan_end end,
		    const struct cidr_list *list)
{
	struct plan_rule whole = rule;

	whole.families &= plan_families_whole(list);
	plan_add(builder, &whole);
	plan_add_prefixes(builder, rule, end, list);
}

void plan_add_interfaces(struct plan_builder *builder, struct plan_rule rule,
			 enum plan_direction direction, const struct interface_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		*(direction == PLAN_IN ? &rule.in_interface : &rule.out_interface) = list->items[i];
		plan_add(builder, &rule);
	}
}

/* Whether the list has exactly this range. */
static bool has_range(const struct range_list *list, const struct range *range)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].first == range->first && list->items[i].last == range->last)
			return true;
	}
	return false;
}

void plan_add_owners(struct plan_builder *builder, struct plan_rule rule, enum plan_owner owner,
		     const struct range_list *ids, const struct range_list *handled)
{
	*(owner == PLAN_UID ? &rule.has_uid : &rule.has_gid) = true;
	for (size_t i = 0; i < ids->count; i++) {
		*(owner == PLAN_UID ? &rule.uids : &rule.gids) = ids->items[i];
		if (!has_range(handled, &ids->items[i]))
			plan_add(builder, &rule);
	}
}
