/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/redirect_plan.h"

#include <errno.h>
#include <stdlib.h>

#include "cni/core/plan_order.h"
#include "cni/core/plan_parts.h"

static const struct {
	const char *name;
	enum plan_table table;
	const char *hook;
} CHAINS[PLAN_CHAIN_COUNT] = {
	[PLAN_CHAIN_ZONE_IN] = {"SIDEWIRE_ZONE_IN", PLAN_TABLE_RAW, "PREROUTING"},
	[PLAN_CHAIN_ZONE_OUT] = {"SIDEWIRE_ZONE_OUT", PLAN_TABLE_RAW, "OUTPUT"},
	[PLAN_CHAIN_TPROXY] = {"SIDEWIRE_TPROXY", PLAN_TABLE_MANGLE, "PREROUTING"},
	[PLAN_CHAIN_TPROXY_REROUTED] = {"SIDEWIRE_TPROXY_REROUTED", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_TPROXY_CAPTURE] = {"SIDEWIRE_TPROXY_CAPTURE", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_TPROXY_OUT] = {"SIDEWIRE_TPROXY_OUT", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_DELIVER] = {"SIDEWIRE_DELIVER", PLAN_TABLE_MANGLE, "INPUT"},
	[PLAN_CHAIN_MARK] = {"SIDEWIRE_MARK", PLAN_TABLE_MANGLE, "OUTPUT"},
	[PLAN_CHAIN_MARK_PROXY] = {"SIDEWIRE_MARK_PROXY", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_MARK_CAPTURE] = {"SIDEWIRE_MARK_CAPTURE", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_MARK_INBOUND] = {"SIDEWIRE_MARK_INBOUND", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_MARK_OUTBOUND] = {"SIDEWIRE_MARK_OUTBOUND", PLAN_TABLE_MANGLE, NULL},
	[PLAN_CHAIN_INVALID] = {"SIDEWIRE_INVALID", PLAN_TABLE_FILTER, "INPUT"},
	[PLAN_CHAIN_NON_TCP] = {"SIDEWIRE_NON_TCP", PLAN_TABLE_FILTER, "OUTPUT"},
	[PLAN_CHAIN_INBOUND] = {"SIDEWIRE_INBOUND", PLAN_TABLE_NAT, "PREROUTING"},
	[PLAN_CHAIN_OUTBOUND] = {"SIDEWIRE_OUTBOUND", PLAN_TABLE_NAT, "OUTPUT"},
	[PLAN_CHAIN_PROXY] = {"SIDEWIRE_PROXY", PLAN_TABLE_NAT, NULL},
	[PLAN_CHAIN_REROUTED] = {"SIDEWIRE_REROUTED", PLAN_TABLE_NAT, NULL},
	[PLAN_CHAIN_CAPTURE] = {"SIDEWIRE_CAPTURE", PLAN_TABLE_NAT, NULL},
};

const char *plan_chain_name(enum plan_chain chain)
{
	return CHAINS[chain].name;
}

enum plan_table plan_chain_table(enum plan_chain chain)
{
	return CHAINS[chain].table;
}

const char *plan_chain_hook(enum plan_chain chain)
{
	return CHAINS[chain].hook;
}

const char *plan_table_name(enum plan_table table)
{
	static const char *const NAMES[PLAN_TABLE_COUNT] = {
		[PLAN_TABLE_RAW] = "raw",
		[PLAN_TABLE_MANGLE] = "mangle",
		[PLAN_TABLE_FILTER] = "filter",
		[PLAN_TABLE_NAT] = "nat",
	};

	return NAMES[table];
}

/* What is marked for lo, and where the gate's rule is. */
static void plan_routes(struct redirect_plan *plan, const struct redirect_spec *spec)
{
	plan->gate_table =
		spec->mode == REDIRECT_MODE_REDIRECT ? PLAN_TABLE_NAT : PLAN_TABLE_MANGLE;
	if (spec->mode == REDIRECT_MODE_REDIRECT)
		return;
	if (spec->mode == REDIRECT_MODE_TPROXY_BOTH && plan_captured_families(spec) != 0)
		plan->route_marks[plan->route_count++] = PLAN_MARK_OUTBOUND;
	plan->route_marks[plan->route_count++] = PLAN_MARK_BACK;
}

static void plan_addresses(struct plan_builder *builder, const struct redirect_spec *spec)
{
	struct err err;

	for (size_t i = 0; builder->errnum == 0 && i < spec->inbound_source.count; i++) {
		const struct cidr *source = &spec->inbound_source.items[i];

		if (source->is_v6)
			builder->errnum = -cidr_list_add(&builder->plan.lo_addresses, source, &err);
	}
}

int redirect_plan_build(const struct redirect_spec *spec, struct redirect_plan *ret_plan,
			struct err *err)
{
	struct plan_builder builder = {0};

	if (spec->mode != REDIRECT_MODE_NONE) {
		plan_zones(&builder, spec);
		plan_tproxy(&builder, spec);
		plan_filter(&builder, spec);
		plan_nat(&builder, spec);
		plan_routes(&builder.plan, spec);
		plan_addresses(&builder, spec);
	}
	if (builder.errnum != 0)
		redirect_plan_release(&builder.plan);
	if (builder.errnum == E2BIG)
		return err_set(err, E2BIG, "the redirect document asks for more than %d rules",
			       PLAN_RULES_MAX);
	if (builder.errnum != 0)
		return err_set(err, builder.errnum, "out of memory");
	*ret_plan = builder.plan;
	return 0;
}

void redirect_plan_release(struct redirect_plan *plan)
{
	free(plan->rules);
	cidr_list_release(&plan->lo_addresses);
	*plan = (struct redirect_plan){0};
}
