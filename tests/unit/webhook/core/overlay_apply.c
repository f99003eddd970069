/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/overlay_apply.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/core/network_list.h"

#define SPEC(text) "{'spec':{" text "}}"
#define APPS(text) "'containers':[" text "]"

#define NETWORKS(list) \
	"{'metadata':{'annotations':{'" NETWORK_LIST_ANNOTATION "':'" list "'}},'spec':{}}"

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
	{"a request is made of the user's limit",
	 SPEC(APPS("{'name':'a','resources':{'limits':{'cpu':'1'}}}")),
	 SPEC(APPS("{'name':'a','resources':{'requests':{'cpu':'2','memory':'2'},"
		   "'limits':{'cpu':'2','memory':'2'}}}")),
	 SPEC(APPS("{'name':'a','resources':{'limits':{'cpu':'1','memory':'2'},"
		   "'requests':{'memory':'2'}}}")),
	 ""},
	{"all requests are made of the user's limits",
	 SPEC(APPS("{'name':'a','resources':{'limits':{'cpu':'1'}}}")),
	 SPEC(APPS("{'name':'a','resources':{'requests':{'cpu':'2'}}}")),
	 SPEC(APPS("{'name':'a','resources':{'limits':{'cpu':'1'}}}")), ""},
	{"a limit that is null is none",
	 SPEC(APPS("{'name':'a','resources':{'limits':{'cpu':null}}}")),
	 SPEC(APPS("{'name':'a','resources':{'requests':{'cpu':'2'}}}")),
	 SPEC(APPS("{'name':'a','resources':{'limits':{'cpu':null},'requests':{'cpu':'2'}}}")), ""},
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
	{"a mount of another volume stays as it is, in its place",
	 SPEC(APPS("{'name':'a','volumeMounts':[{'name':'v','mountPath':'/x'}]}")),
	 SPEC(APPS("{'name':'a','volumeMounts':[{'name':'w','mountPath':'/x','subPath':'s',"
		   "'readOnly':true},{'name':'w','mountPath':'/y'}]}")),
	 SPEC(APPS("{'name':'a','volumeMounts':[{'name':'v','mountPath':'/x'},{'name':'w',"
		   "'mountPath':'/y'}]}")),
	 ""},
	{"a mount of the same volume is filled in",
	 SPEC(APPS("{'name':'a','volumeMounts':[{'name':'v','mountPath':'/x'}]}")),
	 SPEC(APPS("{'name':'a','volumeMounts':[{'name':'v','mountPath':'/x','readOnly':true}]}")),
	 SPEC(APPS("{'name':'a','volumeMounts':[{'name':'v','mountPath':'/x','readOnly':true}]}")),
	 ""},
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
	{"networks are added to", NETWORKS("mine@eth1"), NETWORKS("theirs, mine@eth1"),
	 NETWORKS("mine@eth1, theirs"), ""},
	{"networks of a pod without any", "{'spec':{}}", NETWORKS("theirs"),
	 "{'spec':{},'metadata':{'annotations':{'" NETWORK_LIST_ANNOTATION "':'theirs'}}}", ""},
	{"networks in two forms", NETWORKS("mine"), NETWORKS("[]"), NULL,
	 "annotation '" NETWORK_LIST_ANNOTATION "' of the pod is a comma list, and that of the "
	 "profile a JSON list: write the pod's as the profile's"},
	{"wrong type", SPEC(APPS("{'name':'a','env':{}}")),
	 SPEC(APPS("{'name':'a','env':[{'name':'X'}]}")), NULL,
	 "spec.containers[0].env: must be of type object, as in the pod, found array"},
};

/* Two overlays: the row's, and this one after it. */
static const struct {
	const char *second;
	struct row row;
} PAIRS[] = {
	{"{'metadata':{'labels':{'l':'2'}},'spec':{'x':2,'containers':[{'name':'c'},{'name':'b',"
	 "'args':['2'],'env':[{'name':'E','value':'2'}]}]}}",
	 {"the second overlay wins upon the first", SPEC(APPS("{'name':'a'}")),
	  "{'metadata':{'labels':{'l':'1','m':'1'}},'spec':{'x':1,"
	  "'containers':[{'name':'b','image':'1','args':['1'],'env':[{'name':'E','value':'1'}]}]}}",
	  "{'spec':{'containers':[{'name':'a'},{'name':'b','image':'1','args':['2'],'env':"
	  "[{'name':'E','value':'2'}]},{'name':'c'}],'x':2},'metadata':{'labels':{'l':'2','m':'1'}}"
	  "}",
	  ""}},
	{SPEC(APPS("{'name':'b','image':'2','args':['2']}")),
	 {"the pod wins upon both, and the second fills in before the first",
	  SPEC(APPS("{'name':'b','image':'0'}")),
	  SPEC(APPS("{'name':'b','image':'1','args':['1'],'tty':true}")),
	  SPEC(APPS("{'name':'b','image':'0','args':['2'],'tty':true}")), ""}},
	{SPEC(APPS("{'name':'b','livenessProbe':null},{'name':'c','$patch':'delete'}")),
	 {"the second takes away what the first has", SPEC(APPS("{'name':'b'}")),
	  SPEC(APPS("{'name':'b','tty':true,'livenessProbe':{}},{'name':'c'}")),
	  SPEC(APPS("{'name':'b','tty':true}")), ""}},
	{SPEC(APPS("{'$patch':'replace'},{'name':'c'}")),
	 {"the second replaces all", SPEC(APPS("{'name':'a'}")), SPEC(APPS("{'name':'b'}")),
	  SPEC(APPS("{'name':'c'}")), ""}},
	{SPEC(APPS("{'name':'b','image':'2'}")),
	 {"image auto of the second", SPEC(APPS("{'name':'b','image':'auto'}")),
	  SPEC(APPS("{'name':'b','image':'1'}")), SPEC(APPS("{'name':'b','image':'2'}")), ""}},
	{SPEC(APPS("{'name':'b','tty':true}")),
	 {"image auto of the first", SPEC(APPS("{'name':'b','image':'auto'}")),
	  SPEC(APPS("{'name':'b','image':'1'}")), SPEC(APPS("{'name':'b','image':'1','tty':true}")),
	  ""}},
	{NETWORKS("b, c"),
	 {"networks of both", NETWORKS("a"), NETWORKS("b"), NETWORKS("a, b, c"), ""}},
	{SPEC("'volumes':[{'name':'v','emptyDir':{}}]"),
	 {"overlays that share a volume", SPEC("'x':1"),
	  SPEC("'volumes':[{'name':'v','emptyDir':{}}]"),
	  SPEC("'x':1,'volumes':[{'name':'v','emptyDir':{}}]"), ""}},
	{SPEC("'volumes':[{'name':'v','secret':{}}]"),
	 {"overlays that do not mean the same volume", SPEC("'x':1"),
	  SPEC("'volumes':[{'name':'v','emptyDir':{}}]"), NULL,
	  "volume 'v' of the pod (emptyDir) is not the volume 'v' of the profile (secret): rename "
	  "the pod's"}},
	{SPEC("'initContainers':[{'name':'b'}]"),
	 {"overlays that put a container into both lists", SPEC("'x':1"),
	  SPEC(APPS("{'name':'b'}")), NULL, "spec: containers[0]: there is another one named 'b'"}},
	{SPEC(APPS("{'name':'b','env':{}}")),
	 {"overlays that contradict each other in a type", SPEC("'x':1"),
	  SPEC(APPS("{'name':'b','env':[]}")), NULL,
	  "spec.containers[0].env: must be of type array, as in the pod, found object"}},
};

/* The overlays of a row; the caller releases them. */
struct overlays {
	json_t *items[2];
	size_t count;
};

static struct overlays overlays_of(const struct row *row, const char *second)
{
	struct overlays overlays = {{quoted_json(row->overlay), NULL}, 1};

	if (second != NULL)
		overlays.items[overlays.count++] = quoted_json(second);
	return overlays;
}

static void overlays_release(struct overlays *overlays)
{
	json_decref(overlays->items[0]);
	json_decref(overlays->items[1]);
}

static void check(const struct row *row, const char *second)
{
	json_auto_t *pod = quoted_json(row->pod);
	CLEANUP(overlays_release) struct overlays overlays = overlays_of(row, second);
	json_auto_t *result = NULL;
	json_auto_t *again = NULL;
	struct err err = {0};
	int r = overlay_apply(pod, overlays.items, overlays.count, &result, &err);
	CLEANUP(freep) char *found = quoted_json_text(result);
	json_auto_t *untouched = quoted_json(row->pod);

	ASSERT_ROW(row->name, r == (row->result != NULL ? 0 : -EINVAL));
	ASSERT_TEXT(row->name, err.msg, row->error);
	ASSERT_TEXT(row->name, found, row->result != NULL ? row->result : "(nothing)");
	ASSERT_ROW(row->name, json_equal(pod, untouched));
	if (r < 0)
		return;
	ASSERT_ROW(row->name,
		   overlay_apply(result, overlays.items, overlays.count, &again, &err) == 0);
	ASSERT_ROW(row->name, second != NULL ? json_equal(again, result) : again == result);
}

static void test_apply(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		check(&ROWS[i], NULL);
	for (size_t i = 0; i < sizeof(PAIRS) / sizeof(*PAIRS); i++)
		check(&PAIRS[i].row, PAIRS[i].second);
}

struct sweep {
	json_t *pod;
	const struct overlays *overlays;
};

static int make(const void *input, char **ret_outcome, struct err *err)
{
	const struct sweep *what = input;
	json_auto_t *result = NULL;
	int r = overlay_apply(what->pod, what->overlays->items, what->overlays->count, &result,
			      err);

	return r == 0 ? alloc_fail_outcome(result, ret_outcome, err) : r;
}

static void sweep(const struct row *row, const char *second)
{
	json_auto_t *pod = quoted_json(row->pod);
	CLEANUP(overlays_release) struct overlays overlays = overlays_of(row, second);
	const struct sweep input = {pod, &overlays};

	if (row->result != NULL)
		alloc_fail_sweep_outcome(row->name, make, &input);
}

static void test_out_of_memory(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		sweep(&ROWS[i], NULL);
	for (size_t i = 0; i < sizeof(PAIRS) / sizeof(*PAIRS); i++)
		sweep(&PAIRS[i].row, PAIRS[i].second);
}

static CU_TestInfo tests[] = {
	{"overlays are put on a pod, and again change nothing", test_apply},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/overlay_apply", tests)
