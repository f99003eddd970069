/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/overlay_apply.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define SPEC(text) "{'spec':{" text "}}"
#define APPS(text) "'containers':[" text "]"

struct row {
	const char *name, *pod, *overlay, *result, *error;
};

static const struct row ROWS[] = {
	{"nothing", SPEC(APPS("{'name':'a'}")), "{}", SPEC(APPS("{'name':'a'}")), ""},
	{"a container is added", SPEC(APPS("{'name':'a'}")), SPEC(APPS("{'name':'b','image':'i'}")),
	 SPEC(APPS("{'name':'a'},{'name':'b','image':'i'}")), ""},
	{"a list is added", SPEC(APPS("{'name':'a'}")), SPEC("'initContainers':[{'name':'b'}]"),
	 SPEC(APPS("{'name':'a'}") ",'initContainers':[{'name':'b'}]"), ""},
	{"spec is merged, the overlay winning", SPEC("'x':1,'y':{'a':1}"),
	 SPEC("'x':2,'y':{'b':2}"), SPEC("'x':2,'y':{'a':1,'b':2}"), ""},
	{"metadata fills in", "{'metadata':{'labels':{'a':'1'}},'spec':{}}",
	 "{'metadata':{'labels':{'a':'2','b':'2'},'annotations':{'c':'3'}}}",
	 "{'metadata':{'labels':{'a':'1','b':'2'},'annotations':{'c':'3'}},'spec':{}}", ""},
	{"a container fills in", SPEC(APPS("{'name':'a','image':'mine','tty':true}")),
	 SPEC(APPS("{'name':'a','image':'i','args':['x'],'tty':false},{'name':'b'}")),
	 SPEC(APPS("{'name':'a','image':'mine','tty':true,'args':['x']},{'name':'b'}")), ""},
	{"image auto", SPEC(APPS("{'name':'a','image':'auto'}")),
	 SPEC(APPS("{'name':'a','image':'i'}")), SPEC(APPS("{'name':'a','image':'i'}")), ""},
	{"image auto in a container of nobody's", SPEC(APPS("{'name':'a','image':'auto'}")), "{}",
	 SPEC(APPS("{'name':'a','image':'auto'}")), ""},
	{"image auto without an image", SPEC(APPS("{'name':'a','image':'auto'}")),
	 SPEC(APPS("{'name':'a'}")), NULL,
	 "container 'a' has image: auto, but the profile names no image"},
	{"a probe is one choice", SPEC(APPS("{'name':'a','readinessProbe':{'exec':{}}}")),
	 SPEC(APPS("{'name':'a','readinessProbe':{'httpGet':{}},'livenessProbe':{'grpc':{}}}")),
	 SPEC(APPS("{'name':'a','readinessProbe':{'exec':{}},'livenessProbe':{'grpc':{}}}")), ""},
	{"a probe that is null is none", SPEC(APPS("{'name':'a','startupProbe':null}")),
	 SPEC(APPS("{'name':'a','startupProbe':{'httpGet':{}}}")),
	 SPEC(APPS("{'name':'a','startupProbe':{'httpGet':{}}}")), ""},
	{"a handler is one choice", SPEC(APPS("{'name':'a','lifecycle':{'preStop':{'sleep':{}}}}")),
	 SPEC(APPS("{'name':'a','lifecycle':{'preStop':{'exec':{}},'postStart':{'exec':{}}}}")),
	 SPEC(APPS("{'name':'a','lifecycle':{'preStop':{'sleep':{}},'postStart':{'exec':{}}}}")),
	 ""},
	{"a variable is one choice",
	 SPEC(APPS("{'name':'a','env':[{'name':'X','value':'1'},{'name':'Z','value':'3'}]}")),
	 SPEC(APPS("{'name':'a','env':[{'name':'X','valueFrom':{}},{'name':'Y','value':'2'},"
		   "{'name':'Z','valueFrom':{}}]}")),
	 SPEC(APPS("{'name':'a','env':[{'name':'X','value':'1'},{'name':'Z','value':'3'},"
		   "{'name':'Y','value':'2'}]}")),
	 ""},
	{"a variable twice is left alone",
	 SPEC(APPS("{'name':'a','env':[{'name':'X','value':'1'},{'name':'X','value':'2'}]}")),
	 SPEC(APPS("{'name':'a','env':[{'name':'X','value':'3'}]}")),
	 SPEC(APPS("{'name':'a','env':[{'name':'X','value':'1'},{'name':'X','value':'2'}]}")), ""},
	{"the other list", SPEC(APPS("{'name':'a'}")), SPEC("'initContainers':[{'name':'a'}]"),
	 NULL,
	 "container 'a' is in the profile's initContainers, but not in the pod's: there is one of "
	 "that name in its other list"},
	{"a volume is added", SPEC("'volumes':[{'name':'v','emptyDir':{}}]"),
	 SPEC("'volumes':[{'name':'w','emptyDir':{}}]"),
	 SPEC("'volumes':[{'name':'v','emptyDir':{}},{'name':'w','emptyDir':{}}]"), ""},
	{"a volume stays the pod's", SPEC("'volumes':[{'name':'v','emptyDir':{'sizeLimit':'1'}}]"),
	 SPEC("'volumes':[{'name':'v','emptyDir':{'sizeLimit':'2'}}]"),
	 SPEC("'volumes':[{'name':'v','emptyDir':{'sizeLimit':'1'}}]"), ""},
	{"a volume of another source", SPEC("'volumes':[{'name':'v','emptyDir':{}}]"),
	 SPEC("'volumes':[{'name':'v','secret':{}}]"), NULL,
	 "volume 'v' of the pod (emptyDir) is not the volume 'v' of the profile (secret): rename "
	 "the pod's"},
	{"a directive", SPEC(APPS("{'name':'a'},{'name':'b'}")),
	 SPEC(APPS("{'name':'a','$patch':'delete'}")), SPEC(APPS("{'name':'b'}")), ""},
	{"wrong type", SPEC(APPS("{'name':'a','env':{}}")),
	 SPEC(APPS("{'name':'a','env':[{'name':'X'}]}")), NULL,
	 "spec.containers[0].env: must be of type object, as in the pod, found array"},
};

static void check(const struct row *row)
{
	json_auto_t *pod = quoted_json(row->pod);
	json_auto_t *overlay = quoted_json(row->overlay);
	json_auto_t *result = NULL;
	json_auto_t *again = NULL;
	struct err err = {0};
	int r = overlay_apply(pod, overlay, &result, &err);
	CLEANUP(freep) char *found = quoted_json_text(result);
	json_auto_t *untouched = quoted_json(row->pod);

	ASSERT_ROW(row->name, r == (row->result != NULL ? 0 : -EINVAL));
	ASSERT_TEXT(row->name, err.msg, row->error);
	ASSERT_TEXT(row->name, found, row->result != NULL ? row->result : "(nothing)");
	ASSERT_ROW(row->name, json_equal(pod, untouched));
	if (r < 0)
		return;
	ASSERT_ROW(row->name, overlay_apply(result, overlay, &again, &err) == 0);
	ASSERT_ROW(row->name, again == result);
}

static void test_apply(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		check(&ROWS[i]);
}

static int attempt(const void *input, struct err *err)
{
	json_t *const *documents = input;
	json_auto_t *result = NULL;

	return overlay_apply(documents[0], documents[1], &result, err);
}

static void test_out_of_memory(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		json_auto_t *overlay = quoted_json(ROWS[i].overlay);
		json_t *input[] = {pod, overlay};

		if (ROWS[i].result != NULL)
			alloc_fail_sweep(ROWS[i].name, attempt, input);
	}
}

static CU_TestInfo tests[] = {
	{"an overlay is put on a pod, and again changes nothing", test_apply},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/overlay_apply", tests)
