/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to redirect_plan: what each table's part adds to the plan, chain by chain. */
#ifndef SIDEWIRE_CNI_PLAN_PARTS_H
#define SIDEWIRE_CNI_PLAN_PARTS_H

#include "cni/core/plan_builder.h"
#include "common/redirect_spec.h"

/* raw: conntrack's zones, for DNS that nat captures. */
void plan_zones(struct plan_builder *builder, const struct redirect_spec *spec)
	__attribute__((nonnull));

/* mangle: TPROXY, and the marks that lead to it. */
void plan_tproxy(struct plan_builder *builder, const struct redirect_spec *spec)
	__attribute__((nonnull));

/* filter: invalid packets, and what no proxy takes. */
void plan_filter(struct plan_builder *builder, const struct redirect_spec *spec)
	__attribute__((nonnull));

/* nat: REDIRECT. */
void plan_nat(struct plan_builder *builder, const struct redirect_spec *spec)
	__attribute__((nonnull));

#endif
