/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/plan_json.h"

#include <string.h>

#include "cni/core/redirect_text.h"
#include "common/base/cleanup.h"
#include "common/base/json_write.h"

void plan_json_rule(const struct plan_rule *rule, struct strbuf *out)
{
	static const char *const FAMILIES[] = {
		[PLAN_V4] = "4", [PLAN_V6] = "6", [PLAN_BOTH] = "4,6"};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	redirect_text_rule(rule, &text);
	strbuf_printf(out, "\"families\":[%s],\"table\":\"%s\",\"chain\":\"%s\",\"why\":",
		      FAMILIES[rule->families], plan_table_name(plan_chain_table(rule->chain)),
		      plan_chain_name(rule->chain));
	json_write_text(rule->why, strlen(rule->why), out);
	strbuf_puts(out, ",\"rule\":");
	if (text.is_failed)
		out->is_failed = true;
	else
		json_write_text(text.data, text.length, out);
}

static void put_routes(const struct redirect_plan *plan, struct strbuf *out)
{
	strbuf_puts(out, "\"routes\":[");
	for (size_t i = 0; i < plan->route_count; i++)
		strbuf_printf(out,
			      "%s{\"families\":[4,6],\"mark\":%u,\"table\":%d,\"priority\":%d,"
			      "\"route\":\"local default dev lo\"}",
			      i > 0 ? "," : "", plan->route_marks[i], PLAN_ROUTE_TABLE,
			      PLAN_ROUTE_PRIORITY);
	strbuf_puts(out, "],\"sysctls\":{");
	if (plan->route_count > 0)
		strbuf_puts(out, "\"net.ipv4.tcp_fwmark_accept\":2,\"net.ipv4.fwmark_reflect\":2,"
				 "\"net.ipv6.fwmark_reflect\":2");
	strbuf_puts(out, "}");
}

void plan_json(const struct redirect_plan *plan, struct strbuf *out)
{
	strbuf_puts(out, "{\"rules\":[");
	for (size_t i = 0; i < plan->count; i++) {
		strbuf_puts(out, i > 0 ? ",{" : "{");
		plan_json_rule(&plan->rules[i], out);
		strbuf_puts(out, "}");
	}
	strbuf_puts(out, "],");
	put_routes(plan, out);
	strbuf_puts(out, "}\n");
}
