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

void plan_json(const struct redirect_plan *plan, struct strbuf *out)
{
	strbuf_puts(out, "{\"rules\":[");
	for (size_t i = 0; i < plan->count; i++) {
		strbuf_puts(out, i > 0 ? ",{" : "{");
		plan_json_rule(&plan->rules[i], out);
		strbuf_puts(out, "}");
	}
	strbuf_puts(out, "]}\n");
}
