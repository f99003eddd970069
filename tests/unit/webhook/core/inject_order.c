/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_order.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

struct row {
	const char *name;
	const char *original;
	const char *merged;
	const char *ordered; /* NULL: the merged pod itself */
};

#define POD(containers) "{'spec':{'a':1,'initContainers':[" containers "],'z':2}}"
#define USER "{'name':'user'}"
#define OTHER "{'name':'other'}"
#define NATIVE "{'name':'native','restartPolicy':'Always'}"
#define PROXY "{'name':'proxy','restartPolicy':'Always'}"
#define LOGGER "{'name':'logger','restartPolicy':'Always'}"
#define RULES "{'name':'rules'}"
#define COPIER "{'name':'copier','restartPolicy':'Never'}"

static const struct row ROWS[] = {
	{"nothing there", "{}", "{}", NULL},
	{"no list", "{'spec':{}}", "{'spec':{'x':1}}", NULL},
	{"nothing added", POD(USER "," NATIVE), POD(USER "," NATIVE), NULL},
	{"only the added", "{'spec':{}}", POD(PROXY), NULL},
	{"added to an empty list", POD(""), POD(PROXY "," LOGGER), NULL},
	{"before the user's", POD(USER "," OTHER), POD(USER "," OTHER "," PROXY),
	 POD(PROXY "," USER "," OTHER)},
	{"in their own order", POD(USER), POD(USER "," PROXY "," LOGGER),
	 POD(PROXY "," LOGGER "," USER)},
	{"before the user's sidecars", POD(NATIVE "," USER), POD(NATIVE "," USER "," PROXY),
	 POD(PROXY "," NATIVE "," USER)},
	{"an ordinary one stays behind", POD(USER), POD(USER "," COPIER "," PROXY),
	 POD(PROXY "," USER "," COPIER)},
	{"among added ones too", "{}", POD(COPIER "," PROXY), POD(PROXY "," COPIER)},
	{"what is first is before the sidecars", POD(USER), POD(USER "," PROXY "," RULES),
	 POD(RULES "," PROXY "," USER)},
	{"before sidecars of the user", POD(PROXY), POD(PROXY "," RULES), POD(RULES "," PROXY)},
	{"the user's own that is called so stays", POD(USER "," RULES), POD(USER "," RULES), NULL},
	{"it is there, second pass", POD(RULES "," PROXY), POD(RULES "," PROXY), NULL},
	{"the user's own of that name stays", POD(USER ",{'name':'proxy'}"), POD(USER "," PROXY),
	 NULL},
	{"second pass", POD(PROXY "," USER "," COPIER), POD(PROXY "," USER "," COPIER), NULL},
	{"moved by the user, second pass", POD(USER "," PROXY), POD(USER "," PROXY), NULL},
	{"the list taken away", POD(USER), "{'spec':{}}", NULL},
	{"strange elements", POD("1,{}"), POD("1,{},{'restartPolicy':'Always'}," PROXY),
	 POD(PROXY ",1,{},{'restartPolicy':'Always'}")},
	{"no list but an object", "{}", "{'spec':{'initContainers':{}}}", NULL},
};

/* Of two profiles, one has a container that is first. */
static const struct profile PROFILES[] = {{.first = NULL}, {.first = "rules"}};
static const struct profile_choice CHOICE = {.profiles = {&PROFILES[0], &PROFILES[1]}, .count = 2};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct row *row = &ROWS[i];
		json_auto_t *original = quoted_json(row->original);
		json_auto_t *merged = quoted_json(row->merged);
		json_auto_t *ordered = NULL;
		struct err err = {0};

		ASSERT_ROW(row->name, inject_order(original, merged, &CHOICE, &ordered, &err) == 0);
		ASSERT_ROW(row->name, (ordered == merged) == (row->ordered == NULL));
		CLEANUP(freep) char *text = quoted_json_text(ordered);
		ASSERT_TEXT(row->name, text, row->ordered != NULL ? row->ordered : row->merged);
		CLEANUP(freep) char *merged_text = quoted_json_text(merged);
		ASSERT_TEXT(row->name, merged_text, row->merged);
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	json_auto_t *ordered = NULL;
	const json_t *pods = input;
	int r = inject_order(json_array_get(pods, 0), json_array_get(pods, 1), &CHOICE, &ordered,
			     err);

	return r == 0 ? alloc_fail_outcome(ordered, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	json_auto_t *pods = quoted_json("[" POD(USER) "," POD(USER "," PROXY) "]");

	alloc_fail_sweep_outcome("order", make, pods);
}

static CU_TestInfo tests[] = {
	{"the place of added sidecars", test_rows},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/inject_order", tests)
