/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the node agent knows of its node, and how it tells: readiness and metrics as text. */
#ifndef SIDEWIRE_CNI_NODE_STATE_H
#define SIDEWIRE_CNI_NODE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cni/core/install_plan.h"
#include "cni/core/runtime_support.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"

/* The two things that are installed. */
enum node_part {
	NODE_PART_PLUGIN, /* the binary */
	NODE_PART_ENTRY,  /* our entry in the primary configuration */
	NODE_PART_COUNT,
};

struct node_part_state {
	bool is_in_place;
	bool is_fight;       /* somebody takes it away again and again */
	uint64_t put_back;   /* times it was put back after it had been in place */
	struct err obstacle; /* why it is not as it should be; code 0: nothing known */
};

struct node_state {
	struct node_part_state parts[NODE_PART_COUNT];
	enum install_goal goal;
	bool is_removed; /* the goal is INSTALL_GOAL_ABSENT, and no entry is left */
	/* Of the runtime; UNKNOWN and "" until the API server has told. */
	enum runtime_support runtime;
	char runtime_version[128];
	uint64_t api_failures; /* watches that failed */
};

/* The part's name, as a label's value: "plugin", "entry". */
const char *node_part_name(enum node_part part);

/* Whether both parts were in place when they were last looked at, and shall be. Pods that ask for
 * it are redirected then, if the runtime hands their annotations over. */
bool node_state_is_ready(const struct node_state *state) __attribute__((nonnull));

/* "ok", or a sentence that says why it is not ready. */
void node_state_put_readiness(const struct node_state *state, struct strbuf *out)
	__attribute__((nonnull));

/* The metrics, in the text format of Prometheus. */
void node_state_put_metrics(const struct node_state *state, struct strbuf *out)
	__attribute__((nonnull));

#endif
