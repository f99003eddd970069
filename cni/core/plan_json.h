/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as JSON, for scripts. */
#ifndef SIDEWIRE_CNI_PLAN_JSON_H
#define SIDEWIRE_CNI_PLAN_JSON_H

#include "cni/core/redirect_plan.h"
#include "common/base/strbuf.h"

/* The members of a rule's object, with commas between them: "families" (a list of 4 and 6),
 * "table", "chain", "why", and "rule", as redirect_text_rule() has it. */
void plan_json_rule(const struct plan_rule *rule, struct strbuf *out) __attribute__((nonnull));

/*
 * The plan as an object and a line end: the list "rules", in their order; the list "routes", of
 * what is routed by its mark: "families", "mark", "table" and "priority" of the policy rule, and
 * "route", which the table has; and "sysctls", the value by the name: 2, by which they are known as
 * ours, means the same as 1, and those that are set already stay as they are.
 */
void plan_json(const struct redirect_plan *plan, struct strbuf *out) __attribute__((nonnull));

#endif
