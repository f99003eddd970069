/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/node_state.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name;
	struct node_state state;
	const char *readiness;
} ROWS[] = {
	{"both in place", {.parts = {{.is_in_place = true}, {.is_in_place = true}}}, "ok"},
	{"nothing yet", {.parts = {{0}}}, "the plugin is not in place"},
	{"no plugin",
	 {.parts = {{.obstacle = {-EIO, "no room"}}, {.is_in_place = true}}},
	 "the plugin is not in place: no room"},
	{"no entry",
	 {.parts = {{.is_in_place = true}, {.obstacle = {-ENOENT, "no conflist"}}}},
	 "the entry is not in place: no conflist"},
	{"a pause in a fight",
	 {.parts = {{.is_in_place = true}, {.is_fight = true, .put_back = 7}}},
	 "the entry is not in place"},
	{"uninstalling",
	 {.parts = {{.is_in_place = true}, {.is_in_place = true}}, .goal = INSTALL_GOAL_ABSENT},
	 "sidewire is being uninstalled"},
};

static void test_readiness(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

		node_state_put_readiness(&ROWS[i].state, &text);
		ASSERT_TEXT(ROWS[i].name, text.data, ROWS[i].readiness);
		ASSERT_ROW(ROWS[i].name, node_state_is_ready(&ROWS[i].state) ==
						 (strcmp(ROWS[i].readiness, "ok") == 0));
	}
}

static void test_metrics(void)
{
	static const char *const LINES[] = {
		"\nsidewire_node_in_place{part=\"plugin\"} 1\n",
		"\nsidewire_node_in_place{part=\"entry\"} 0\n",
		"\nsidewire_node_put_back_total{part=\"plugin\"} 0\n",
		"\nsidewire_node_put_back_total{part=\"entry\"} 7\n",
		"\nsidewire_node_fight{part=\"plugin\"} 0\n",
		"\nsidewire_node_fight{part=\"entry\"} 1\n",
		"{runtime=\"a\\\"\\\\\\n\",answer=\"no\"} 1\n",
		"{runtime=\"a\\\"\\\\\\n\",answer=\"yes\"} 0\n",
		"\nsidewire_node_api_failures_total 3\n",
		"\nsidewire_build_info{version=\"",
	};
	struct node_state state = ROWS[4].state;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	state.runtime = RUNTIME_SUPPORT_NO;
	state.api_failures = 3;
	memcpy(state.runtime_version, "a\"\\\n", 5);
	node_state_put_metrics(&state, &text);
	for (size_t i = 0; i < sizeof(LINES) / sizeof(*LINES); i++)
		ASSERT_ROW(LINES[i], strstr(text.data, LINES[i]) != NULL);
}

static CU_TestInfo tests[] = {
	{"readiness", test_readiness},
	{"metrics", test_metrics},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/node_state", tests)
