/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/node_state.h"

#include <inttypes.h>

#include "common/base/metric_text.h"

const char *node_part_name(enum node_part part)
{
	return part == NODE_PART_PLUGIN ? "plugin" : "entry";
}

bool node_state_is_ready(const struct node_state *state)
{
	return state->goal == INSTALL_GOAL_PRESENT && state->parts[NODE_PART_PLUGIN].is_in_place &&
	       state->parts[NODE_PART_ENTRY].is_in_place;
}

void node_state_put_readiness(const struct node_state *state, struct strbuf *out)
{
	if (node_state_is_ready(state)) {
		strbuf_puts(out, "ok");
		return;
	}
	if (state->goal == INSTALL_GOAL_ABSENT) {
		strbuf_puts(out, "sidewire is being uninstalled");
		return;
	}
	for (enum node_part part = 0; part < NODE_PART_COUNT; part++) {
		const struct node_part_state *found = &state->parts[part];

		if (found->is_in_place)
			continue;
		strbuf_printf(out, "the %s is not in place", node_part_name(part));
		if (found->obstacle.code != 0)
			strbuf_printf(out, ": %s", found->obstacle.msg);
		return;
	}
}

static uint64_t get_in_place(const struct node_part_state *part)
{
	return part->is_in_place;
}

static uint64_t get_put_back(const struct node_part_state *part)
{
	return part->put_back;
}

static uint64_t get_fight(const struct node_part_state *part)
{
	return part->is_fight;
}

/* A metric with a line for each part. */
static const struct {
	const char *name;
	const char *type;
	const char *help;
	uint64_t (*get)(const struct node_part_state *part);
} PART_METRICS[] = {
	{"sidewire_node_in_place", "gauge",
	 "Whether the plugin's file, and its entry in the primary network configuration, are "
	 "there.",
	 get_in_place},
	{"sidewire_node_put_back_total", "counter",
	 "Times it was put back after somebody had taken it away.", get_put_back},
	{"sidewire_node_fight", "gauge",
	 "Whether it is taken away so often that it is put back only after a pause.", get_fight},
};

static void put_runtime(struct strbuf *out, const struct node_state *state)
{
	static const struct {
		enum runtime_support support;
		const char *label;
	} ANSWERS[] = {
		{RUNTIME_SUPPORT_YES, "yes"},
		{RUNTIME_SUPPORT_NO, "no"},
		{RUNTIME_SUPPORT_UNKNOWN, "unknown"},
	};

	metric_text_head(
		out, "sidewire_node_runtime_hands_annotations", "gauge",
		"Whether the container runtime hands pod annotations to CNI plugins; 1 for what "
		"holds.");
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(*ANSWERS); i++) {
		strbuf_puts(out, "sidewire_node_runtime_hands_annotations{runtime=\"");
		metric_text_label(out, state->runtime_version);
		strbuf_printf(out, "\",answer=\"%s\"} %d\n", ANSWERS[i].label,
			      state->runtime == ANSWERS[i].support);
	}
}

void node_state_put_metrics(const struct node_state *state, struct strbuf *out)
{
	for (size_t i = 0; i < sizeof(PART_METRICS) / sizeof(*PART_METRICS); i++) {
		metric_text_head(out, PART_METRICS[i].name, PART_METRICS[i].type,
				 PART_METRICS[i].help);
		for (enum node_part part = 0; part < NODE_PART_COUNT; part++)
			strbuf_printf(out, "%s{part=\"%s\"} %" PRIu64 "\n", PART_METRICS[i].name,
				      node_part_name(part),
				      PART_METRICS[i].get(&state->parts[part]));
	}
	put_runtime(out, state);
	metric_text_head(out, "sidewire_node_api_failures_total", "counter",
			 "Attempts to watch the API server that failed.");
	strbuf_printf(out, "sidewire_node_api_failures_total %" PRIu64 "\n", state->api_failures);
	metric_text_head(out, "sidewire_build_info", "gauge", "The program's version.");
	strbuf_puts(out, "sidewire_build_info{version=\"" SIDEWIRE_VERSION "\"} 1\n");
}
