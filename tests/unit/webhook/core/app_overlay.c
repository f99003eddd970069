/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/app_overlay.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/core/app_variables.h"

#define SPEC(containers) "{'spec':{'containers':[" containers "]}}"
#define APP(more) SPEC("{'name':'a'" more "}")
#define ENV(variables) "'env':[" variables "]"
#define APPEND(value) "{'env':[{'name':'O','value':'" value "','append':' '}]}"

/* The pod has two profiles: the first has the overlay, and a container "sidecar"; the second has
 * the second overlay, if there is one. */
struct row {
	const char *name, *pod, *overlay, *second, *result, *error;
};

static const struct row ROWS[] = {
	{"no overlay", APP(""), NULL, NULL, APP(""), ""},
	{"no containers", "{'spec':{}}", "{'tty':true}", NULL, "{'spec':{}}", ""},
	{"no spec", "{}", "{'tty':true}", NULL, "{}", ""},
	{"every application, and no sidecar",
	 SPEC("{'name':'a'},{'name':'sidecar'},{'name':'b','tty':false}"), "{'tty':true}", NULL,
	 SPEC("{'name':'a','tty':true},{'name':'sidecar'},{'name':'b','tty':false}"), ""},
	{"no init container", "{'spec':{'initContainers':[{'name':'a'}]}}", "{'tty':true}", NULL,
	 "{'spec':{'initContainers':[{'name':'a'}]}}", ""},
	{"a mount", APP(",'volumeMounts':[{'name':'x','mountPath':'/x'}]"),
	 "{'volumeMounts':[{'name':'v','mountPath':'/v'}]}", NULL,
	 APP(",'volumeMounts':[{'name':'x','mountPath':'/x'},{'name':'v','mountPath':'/v'}]"), ""},
	{"a mount that is there", APP(",'volumeMounts':[{'name':'v','mountPath':'/v'}]"),
	 "{'volumeMounts':[{'name':'v','mountPath':'/v'}]}", NULL,
	 APP(",'volumeMounts':[{'name':'v','mountPath':'/v'}]"), ""},
	{"a mount of another volume", APP(",'volumeMounts':[{'name':'x','mountPath':'/v'}]"),
	 "{'volumeMounts':[{'name':'v','mountPath':'/v'}]}", NULL, NULL,
	 "container 'a': mounts volume 'x' at '/v', where the profile mounts volume 'v'"},
	{"a probe is one choice", APP(",'livenessProbe':{'exec':{}}"),
	 "{'livenessProbe':{'httpGet':{}},'startupProbe':{'grpc':{}}}", NULL,
	 APP(",'livenessProbe':{'exec':{}},'startupProbe':{'grpc':{}}"), ""},
	{"a request is made of the user's limit", APP(",'resources':{'limits':{'cpu':'1'}}"),
	 "{'resources':{'requests':{'cpu':'2'}}}", NULL, APP(",'resources':{'limits':{'cpu':'1'}}"),
	 ""},
	{"a request is not made of another overlay's limit", APP(""),
	 "{'resources':{'requests':{'cpu':'1'}}}", "{'resources':{'limits':{'cpu':'2'}}}",
	 APP(",'resources':{'limits':{'cpu':'2'},'requests':{'cpu':'1'}}"), ""},
	{"another type", APP(",'resources':[]"), "{'resources':{}}", NULL, NULL,
	 "container 'a': resources: must be of type array, as in the pod, found object"},

	{"variables where there are none", APP(""), "{" ENV("{'name':'X','value':'1'}") "}", NULL,
	 APP("," ENV("{'name':'X','value':'1'}")), ""},
	{"variables where they are null", APP(",'env':null"),
	 "{" ENV("{'name':'X','value':'1'}") "}", NULL, APP("," ENV("{'name':'X','value':'1'}")),
	 ""},
	{"new variables stand before the container's own", APP("," ENV("{'name':'U'}")),
	 "{" ENV("{'name':'X','value':'1'},{'name':'Y','valueFrom':{}}") "}", NULL,
	 APP("," ENV("{'name':'X','value':'1'},{'name':'Y','valueFrom':{}},{'name':'U'}")), ""},
	{"a variable stays the container's", APP("," ENV("{'name':'X','value':'0'}")),
	 "{" ENV("{'name':'X','valueFrom':{}}") "}", NULL, APP("," ENV("{'name':'X','value':'0'}")),
	 ""},
	{"env that is none", APP(",'env':{}"), "{" ENV("{'name':'X'}") "}", NULL, NULL,
	 "container 'a': 'env' must be an array, found object"},

	{"append to nothing", APP(""), APPEND("-j"), NULL,
	 APP("," ENV("{'name':'O','value':'-j'}")), ""},
	{"append to a value", APP("," ENV("{'name':'O','value':'-x','y':1},{'name':'U'}")),
	 APPEND("-j"), NULL, APP("," ENV("{'name':'O','value':'-x -j','y':1},{'name':'U'}")), ""},
	{"append to an empty value", APP("," ENV("{'name':'O','value':''}")), APPEND("-j"), NULL,
	 APP("," ENV("{'name':'O','value':'-j'}")), ""},
	{"append to no value", APP("," ENV("{'name':'O'}")), APPEND("-j"), NULL,
	 APP("," ENV("{'name':'O','value':'-j'}")), ""},
	{"append an empty value", APP("," ENV("{'name':'O','value':'-x'}")), APPEND(""), NULL,
	 APP("," ENV("{'name':'O','value':'-x'}")), ""},
	{"append what is there: alone", APP("," ENV("{'name':'O','value':'-j'}")), APPEND("-j"),
	 NULL, APP("," ENV("{'name':'O','value':'-j'}")), ""},
	{"append what is there: first", APP("," ENV("{'name':'O','value':'-j -x'}")), APPEND("-j"),
	 NULL, APP("," ENV("{'name':'O','value':'-j -x'}")), ""},
	{"append what is there: in the middle", APP("," ENV("{'name':'O','value':'-x -j -x'}")),
	 APPEND("-j"), NULL, APP("," ENV("{'name':'O','value':'-x -j -x'}")), ""},
	{"append what only looks as if it were there: behind",
	 APP("," ENV("{'name':'O','value':'-jar'}")), APPEND("-j"), NULL,
	 APP("," ENV("{'name':'O','value':'-jar -j'}")), ""},
	{"append what only looks as if it were there: before",
	 APP("," ENV("{'name':'O','value':'--j'}")), APPEND("-j"), NULL,
	 APP("," ENV("{'name':'O','value':'--j -j'}")), ""},
	{"append what comes as a part and whole", APP("," ENV("{'name':'O','value':'-jar -j'}")),
	 APPEND("-j"), NULL, APP("," ENV("{'name':'O','value':'-jar -j'}")), ""},
	{"append with a longer separator", APP("," ENV("{'name':'O','value':'a,b'}")),
	 "{" ENV("{'name':'O','value':'b','append':', '}") "}", NULL,
	 APP("," ENV("{'name':'O','value':'a,b, b'}")), ""},
	{"append to the one of two that counts",
	 APP("," ENV("{'name':'O','value':'1'},{'name':'O','value':'2'}")), APPEND("-j"), NULL,
	 APP("," ENV("{'name':'O','value':'1'},{'name':'O','value':'2 -j'}")), ""},
	{"append to valueFrom", APP("," ENV("{'name':'O','valueFrom':{}}")), APPEND("-j"), NULL,
	 APP("," ENV("{'name':'O','valueFrom':{}}")), ""},
	{"append to what is no text", APP("," ENV("{'name':'O','value':7}")), APPEND("-j"), NULL,
	 NULL, "container 'a': variable 'O': 'value' must be a string, found integer"},

	{"two append", APP("," ENV("{'name':'O','value':'-x'}")), APPEND("-j"), APPEND("-k"),
	 APP("," ENV("{'name':'O','value':'-x -j -k'}")), ""},
	{"two append to nothing", APP(""), APPEND("-j"), APPEND("-k"),
	 APP("," ENV("{'name':'O','value':'-j -k'}")), ""},
	{"the second appends to the first's", APP(""), "{" ENV("{'name':'O','value':'1'}") "}",
	 APPEND("-k"), APP("," ENV("{'name':'O','value':'1 -k'}")), ""},
	{"the second overrules what the first appends", APP(""), APPEND("-j"),
	 "{" ENV("{'name':'O','value':'2'}") "}", APP("," ENV("{'name':'O','value':'2'}")), ""},
	{"the second's variable is taken", APP(""), "{" ENV("{'name':'X','value':'1'}") "}",
	 "{" ENV("{'name':'X','value':'2'},{'name':'Y'}") "}",
	 APP("," ENV("{'name':'X','value':'2'},{'name':'Y'}")), ""},
	{"the second's filling is taken", APP(""), "{'workingDir':'/1','tty':true}",
	 "{'workingDir':'/2'}", APP(",'workingDir':'/2','tty':true"), ""},
};

/* The overlays of a row, and the profiles that have them. */
struct fixture {
	json_t *pod, *items[2];
	struct profile profiles[2];
	struct profile_choice choice;
	struct app_overlays apps;
};

static void fixture_init(struct fixture *fixture, const struct row *row)
{
	*fixture = (struct fixture){
		.pod = quoted_json(row->pod),
		.items = {row->overlay != NULL ? quoted_json(row->overlay) : NULL,
			  row->second != NULL ? quoted_json(row->second) : NULL},
		.profiles = {{.pod = quoted_json(SPEC("{'name':'sidecar'}"))},
			     {.pod = json_object()}},
		.choice = {.profiles = {&fixture->profiles[0], &fixture->profiles[1]}, .count = 2},
		.apps = {&fixture->choice, fixture->items},
	};
}

static void fixture_release(struct fixture *fixture)
{
	json_decref(fixture->pod);
	for (size_t i = 0; i < 2; i++) {
		json_decref(fixture->items[i]);
		json_decref(fixture->profiles[i].pod);
	}
}

static void check(const struct row *row)
{
	CLEANUP(fixture_release) struct fixture fixture = {0};
	json_auto_t *untouched = quoted_json(row->pod);
	json_auto_t *result = NULL;
	json_auto_t *again = NULL;
	struct err err = {0};

	fixture_init(&fixture, row);
	int r = app_overlay_apply(fixture.pod, &fixture.apps, &result, &err);
	CLEANUP(freep) char *found = quoted_json_text(result);
	ASSERT_ROW(row->name, r == (row->result != NULL ? 0 : -EINVAL));
	ASSERT_TEXT(row->name, err.msg, row->error);
	ASSERT_TEXT(row->name, found, row->result != NULL ? row->result : "(nothing)");
	ASSERT_ROW(row->name, json_equal(fixture.pod, untouched));
	if (r < 0)
		return;
	ASSERT_ROW(row->name, app_overlay_apply(result, &fixture.apps, &again, &err) == 0);
	ASSERT_ROW(row->name, again == result);
}

static void test_apply(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		check(&ROWS[i]);
}

static void test_left_alone(void)
{
	static const struct {
		const char *container, *variable;
	} CONTAINERS[] = {
		{"{'name':'a'," ENV("{'name':'O','valueFrom':{}}") "}", "O"},
		{"{'name':'a'," ENV("{'name':'O','value':'x','valueFrom':null}") "}", NULL},
		{"{'name':'a'," ENV("{'name':'O','valueFrom':{}},{'name':'O'}") "}", NULL},
		{"{'name':'a'," ENV("{'name':'X','valueFrom':{}}") "}", NULL},
		{"{'name':'a'}", NULL},
		{"{'name':'sidecar'," ENV("{'name':'O','valueFrom':{}}") "}", NULL},
	};
	const struct row row = {
		"",   "{}", "{" ENV("{'name':'X'},{'name':'O','value':'-j','append':' '}") "}",
		NULL, NULL, ""};
	CLEANUP(fixture_release) struct fixture fixture = {0};

	fixture_init(&fixture, &row);
	for (size_t i = 0; i < sizeof(CONTAINERS) / sizeof(*CONTAINERS); i++) {
		json_auto_t *container = quoted_json(CONTAINERS[i].container);
		const char *variable = app_variables_left_alone(container, &fixture.apps);
		const char *expected = CONTAINERS[i].variable;

		ASSERT_TEXT(CONTAINERS[i].container, variable != NULL ? variable : "",
			    expected != NULL ? expected : "");
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct fixture *fixture = input;
	json_auto_t *result = NULL;
	int r = app_overlay_apply(fixture->pod, &fixture->apps, &result, err);

	return r == 0 ? alloc_fail_outcome(result, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(fixture_release) struct fixture fixture = {0};

		fixture_init(&fixture, &ROWS[i]);
		/* A pod without applications costs no memory at all. */
		if (ROWS[i].result != NULL && strcmp(ROWS[i].result, ROWS[i].pod) != 0)
			alloc_fail_sweep_outcome(ROWS[i].name, make, &fixture);
	}
}

static CU_TestInfo tests[] = {
	{"overlays are put on applications, and again change nothing", test_apply},
	{"a variable that is left alone is told", test_left_alone},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/app_overlay", tests)
