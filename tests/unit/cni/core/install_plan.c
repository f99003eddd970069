/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/install_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

#define OURS                                                                                       \
	"{\"type\":\"sidewire-cni\",\"capabilities\":{\"io.kubernetes.cri.pod-annotations\":true}" \
	"}"
#define LIST(plugins) "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[" plugins "]}"
#define PTP "{\"type\":\"ptp\"}"
#define WITH LIST(PTP "," OURS)
#define WITHOUT LIST(PTP)
#define OLD_WITH "{\"cniVersion\":\"0.2.0\",\"name\":\"n\",\"plugins\":[" PTP "," OURS "]}"
#define OLD_WITHOUT "{\"cniVersion\":\"0.2.0\",\"name\":\"n\",\"plugins\":[" PTP "]}"
#define CONF "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"type\":\"ptp\"}"
#define OLD_CONF "{\"cniVersion\":\"0.2.0\",\"name\":\"n\",\"type\":\"ptp\"}"
#define MADE_HEAD(file)                                   \
	"{\n  \"sidewire.io/made-from\": \"" file         \
	"\",\n  \"cniVersion\": \"1.0.0\",\n  \"name\": " \
	"\"n\",\n  \"plugins\": [\n"
#define MADE(file) MADE_HEAD(file) CONF ",\n" OURS "\n  ]\n}\n"

enum { FILES_MAX = 4 };

struct row {
	const char *name;
	enum install_goal goal;
	struct {
		const char *name;
		const char *text; /* NULL: cannot be read */
	} files[FILES_MAX];
	/* Steps, each "create NAME DATA", "edit NAME DATA" or "remove NAME", a line each. */
	const char *steps;
	const char *obstacle; /* its beginning; NULL: nothing is in the way */
};

static const struct row ROWS[] = {
	{"no file",
	 INSTALL_GOAL_PRESENT,
	 {{NULL, NULL}},
	 "",
	 "there is no network configuration yet"},
	{"a list",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conflist", WITHOUT}},
	 "edit a.conflist " WITH "\n",
	 NULL},
	{"the entry is there", INSTALL_GOAL_PRESENT, {{"a.conflist", WITH}}, "", NULL},
	{"the first of several, in the order of bytes",
	 INSTALL_GOAL_PRESENT,
	 {{"b.conflist", WITHOUT},
	  {"10.json", "x"},
	  {"B.conflist", WITHOUT},
	  {"1.conflist", WITHOUT}},
	 "edit 1.conflist " WITH "\n",
	 NULL},
	{"the first is not valid: no other instead",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conflist", "{"}, {"b.conflist", WITHOUT}},
	 "",
	 "a.conflist: not valid JSON"},
	{"the first cannot be read",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conflist", NULL}, {"b.conflist", WITHOUT}},
	 "",
	 "a.conflist: it cannot be read"},
	{"an entry elsewhere stays while installed",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conflist", WITH}, {"b.conflist", WITH}},
	 "",
	 NULL},
	{"for one plugin",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conf", CONF}, {"b.conflist", WITHOUT}},
	 "create a-sidewire.conflist " MADE("a.conf") "\n",
	 NULL},
	{"for one plugin, .json",
	 INSTALL_GOAL_PRESENT,
	 {{"a.b.json", CONF}},
	 "create a.b-sidewire.conflist " MADE("a.b.json") "\n",
	 NULL},
	{"it was made",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conf", CONF}, {"a-sidewire.conflist", MADE("a.conf")}},
	 "",
	 NULL},
	{"it was made of something else",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conf", CONF}, {"a-sidewire.conflist", MADE("b.conf")}},
	 "edit a-sidewire.conflist " MADE("a.conf") "\n",
	 NULL},
	{"what it was made from is half written: it stays",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conf", "{\"cni"}, {"a-sidewire.conflist", MADE("a.conf")}},
	 "",
	 "a.conf: not valid JSON"},
	{"what it was made from is gone",
	 INSTALL_GOAL_PRESENT,
	 {{"a-sidewire.conflist", MADE("a.conf")}},
	 "remove a-sidewire.conflist\n",
	 "there is no network configuration yet"},
	{"a list comes instead",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conflist", WITHOUT}, {"a-sidewire.conflist", MADE("a.conf")}},
	 "edit a.conflist " WITH "\nremove a-sidewire.conflist\n",
	 NULL},
	{"the name alone does not make it ours",
	 INSTALL_GOAL_PRESENT,
	 {{"a-sidewire.conflist", WITHOUT}, {"a.conf", CONF}},
	 "edit a-sidewire.conflist " WITH "\n",
	 NULL},
	{"a version that we do not speak",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conflist", OLD_WITHOUT}},
	 "",
	 "a.conflist: its cniVersion is '0.2.0'"},
	{"a version that we do not speak, with our entry",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conflist", OLD_WITH}},
	 "edit a.conflist " OLD_WITHOUT "\n",
	 "a.conflist: its cniVersion is '0.2.0'"},
	{"a version that we do not speak, made before",
	 INSTALL_GOAL_PRESENT,
	 {{"a.conf", OLD_CONF}, {"a-sidewire.conflist", MADE("a.conf")}},
	 "remove a-sidewire.conflist\n",
	 "a.conf: its cniVersion is '0.2.0'"},
	{"taken out",
	 INSTALL_GOAL_ABSENT,
	 {{"a.conflist", WITH}},
	 "edit a.conflist " WITHOUT "\n",
	 NULL},
	{"nothing to take out",
	 INSTALL_GOAL_ABSENT,
	 {{"a.conflist", WITHOUT}, {"b.conf", CONF}},
	 "",
	 NULL},
	{"no file to take it out of", INSTALL_GOAL_ABSENT, {{NULL, NULL}}, "", NULL},
	{"taken out everywhere",
	 INSTALL_GOAL_ABSENT,
	 {{"a.conf", CONF},
	  {"a-sidewire.conflist", MADE("a.conf")},
	  {"b.conflist", WITH},
	  {"c.conflist", WITH}},
	 "edit b.conflist " WITHOUT "\nedit c.conflist " WITHOUT "\nremove a-sidewire.conflist\n",
	 NULL},
	{"taken out whatever its version",
	 INSTALL_GOAL_ABSENT,
	 {{"a.conflist", OLD_WITH}},
	 "edit a.conflist " OLD_WITHOUT "\n",
	 NULL},
	{"one that cannot be read stops no other",
	 INSTALL_GOAL_ABSENT,
	 {{"a.conflist", NULL}, {"b.conflist", "{"}, {"c.conflist", WITH}},
	 "edit c.conflist " WITHOUT "\n",
	 "a.conflist: it cannot be read"},
};

static void set_up(const struct row *row, struct conf_files *files)
{
	files->items = calloc(FILES_MAX, sizeof(*files->items));
	for (size_t i = 0; i < FILES_MAX && row->files[i].name != NULL; i++) {
		const char *text = row->files[i].text;
		struct conf_file *file = &files->items[files->count++];

		snprintf(file->name, sizeof(file->name), "%s", row->files[i].name);
		if (text == NULL)
			err_set(&file->error, EIO, "it cannot be read");
		else
			file->data = strdup(text);
		file->length = text != NULL ? strlen(text) : 0;
	}
}

static void put_steps(struct strbuf *out, const struct install_plan *plan)
{
	static const char *const VERBS[] = {[INSTALL_STEP_CREATE] = "create",
					    [INSTALL_STEP_EDIT] = "edit",
					    [INSTALL_STEP_REMOVE] = "remove"};

	strbuf_puts(out, "");
	for (size_t i = 0; i < plan->count; i++) {
		const struct install_step *step = &plan->steps[i];

		strbuf_printf(out, "%s %s", VERBS[step->kind], step->name);
		if (step->data != NULL)
			strbuf_printf(out, " %s", step->data);
		strbuf_puts(out, "\n");
		ASSERT_ROW(step->name, (step->old != NULL) == (step->kind == INSTALL_STEP_EDIT));
		ASSERT_ROW(step->name,
			   step->old == NULL || strcmp(step->old->name, step->name) == 0);
		ASSERT_ROW(step->name, step->data == NULL || strlen(step->data) == step->length);
	}
}

static void test_plans(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(conf_files_release) struct conf_files files = {0};
		CLEANUP(install_plan_release) struct install_plan plan = {0};
		CLEANUP(strbuf_release) struct strbuf steps = STRBUF_INIT;
		const char *obstacle = ROWS[i].obstacle != NULL ? ROWS[i].obstacle : "";
		struct err err = {0};

		set_up(&ROWS[i], &files);
		CU_ASSERT_FATAL(
			install_plan_build(&files, ROWS[i].goal, BACKEND_AUTO, &plan, &err) == 0);
		put_steps(&steps, &plan);
		ASSERT_TEXT(ROWS[i].name, steps.data, ROWS[i].steps);
		ASSERT_ROW(ROWS[i].name, (plan.obstacle.code == 0) == (ROWS[i].obstacle == NULL));
		if (strncmp(plan.obstacle.msg, obstacle, strlen(obstacle)) != 0)
			ASSERT_TEXT(ROWS[i].name, plan.obstacle.msg, obstacle);
	}
}

/* Whether a runtime would do without us until the steps are done. */
static void test_missing(void)
{
	static const struct {
		struct row row;
		bool is_missing;
	} CASES[] = {
		{{.name = "no entry", .files = {{"a.conflist", WITHOUT}}}, true},
		{{.name = "nothing made", .files = {{"a.conf", CONF}}}, true},
		{{.name = "in place", .files = {{"a.conflist", WITH}}}, false},
		{{.name = "made of what was there before",
		  .files = {{"a.conf", CONF}, {"a-sidewire.conflist", MADE("b.conf")}}},
		 false},
		{{.name = "left over",
		  .files = {{"a.conflist", WITH}, {"b-sidewire.conflist", MADE("b.conf")}}},
		 false},
		{{.name = "to be taken out",
		  .goal = INSTALL_GOAL_ABSENT,
		  .files = {{"a.conflist", WITH}}},
		 false},
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		CLEANUP(conf_files_release) struct conf_files files = {0};
		CLEANUP(install_plan_release) struct install_plan plan = {0};
		const struct row *row = &CASES[i].row;
		struct err err = {0};

		set_up(row, &files);
		CU_ASSERT_FATAL(install_plan_build(&files, row->goal, BACKEND_AUTO, &plan, &err) ==
				0);
		ASSERT_ROW(row->name, plan.is_missing == CASES[i].is_missing);
		ASSERT_ROW(row->name, plan.is_removal == (row->goal == INSTALL_GOAL_ABSENT));
	}
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool is_config;
	} NAMES[] = {
		{"10-a.conf", true}, {"10-a.conflist", true}, {"a.json", true},
		{".conf", true},     {"a.conf.bak", false},   {"a.conflist.sidewire-tmp", false},
		{"conf", false},     {"a.CONF", false},       {"a.yaml", false},
		{"", false},
	};

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
		ASSERT_ROW(NAMES[i].name,
			   install_plan_is_config(NAMES[i].name) == NAMES[i].is_config);
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(install_plan_release) struct install_plan plan = {0};
	/* Sorted already: the files are not changed. */
	struct conf_files files = *(const struct conf_files *)input;

	return install_plan_build(&files, INSTALL_GOAL_PRESENT, BACKEND_AUTO, &plan, err);
}

static void test_no_memory(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(conf_files_release) struct conf_files files = {0};

		set_up(&ROWS[i], &files);
		alloc_fail_sweep(ROWS[i].name, attempt, &files);
	}
}

static CU_TestInfo tests[] = {
	{"plans", test_plans}, {"missing", test_missing},
	{"names", test_names}, {"without memory", test_no_memory},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/install_plan", tests)
