/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/strategic_merge.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

struct row {
	const char *name;
	const char *original;
	const char *patch;
	const char *merged;
};

#define CONTAINERS(elements) "{'spec':{'containers':[" elements "]}}"

static const struct row PATCH_WINS_ROWS[] = {
	{"nothing", "{'a':1}", "{}", "{'a':1}"},
	{"equal values", "{'a':{'b':[1,{'c':2}]},'d':'e'}", "{'d':'e','a':{'b':[1,{'c':2}]}}",
	 "{'a':{'b':[1,{'c':2}]},'d':'e'}"},
	{"scalar overwritten", "{'a':1,'b':2}", "{'a':3}", "{'a':3,'b':2}"},
	{"integer and real differ", "{'a':1}", "{'a':1.0}", "{'a':1.0}"},
	{"scalar of another type", "{'a':1}", "{'a':'80%'}", "{'a':'80%'}"},
	{"int64 extremes", "{'a':9223372036854775807}",
	 "{'a':-9223372036854775808,'b':9223372036854775807}",
	 "{'a':-9223372036854775808,'b':9223372036854775807}"},
	{"member added, nested", "{'a':{}}", "{'a':{'b':{'c':1}}}", "{'a':{'b':{'c':1}}}"},
	{"absent parents", "{}", "{'metadata':{'annotations':{'a/b':'1'}}}",
	 "{'metadata':{'annotations':{'a/b':'1'}}}"},
	{"null deletes", "{'a':1,'b':2}", "{'a':null}", "{'b':2}"},
	{"null of what is absent", "{'b':2}", "{'a':null}", "{'b':2}"},
	{"null in the original is nothing", "{'a':null}", "{'a':{'b':1}}", "{'a':{'b':1}}"},
	{"nulls are not added", "{}", "{'a':{'b':null,'c':[{'d':null,'e':1}]}}",
	 "{'a':{'c':[{'e':1}]}}"},
	{"atomic list", "{'spec':{'tolerations':[{'key':'a'},{'key':'b'}]}}",
	 "{'spec':{'tolerations':[{'key':'c'}]}}", "{'spec':{'tolerations':[{'key':'c'}]}}"},
	{"unknown list is atomic", "{'spec':{'fancy':[{'name':'a'}]}}",
	 "{'spec':{'fancy':[{'name':'b'}]}}", "{'spec':{'fancy':[{'name':'b'}]}}"},
	{"args are atomic", CONTAINERS("{'name':'a','args':['x','y']}"),
	 CONTAINERS("{'name':'a','args':['z']}"), CONTAINERS("{'name':'a','args':['z']}")},
	{"element merged in its place", CONTAINERS("{'name':'a','x':1},{'name':'b','x':2}"),
	 CONTAINERS("{'name':'a','image':'i'}"),
	 CONTAINERS("{'name':'a','x':1,'image':'i'},{'name':'b','x':2}")},
	{"elements added at the end", CONTAINERS("{'name':'a'}"),
	 CONTAINERS("{'name':'c'},{'name':'a','image':'i'},{'name':'b'}"),
	 CONTAINERS("{'name':'a','image':'i'},{'name':'c'},{'name':'b'}")},
	{"list in a list", CONTAINERS("{'name':'a','env':[{'name':'X','value':'1'}]}"),
	 CONTAINERS("{'name':'a','env':[{'name':'Y','value':'2'},{'name':'X','value':'3'}]}"),
	 CONTAINERS("{'name':'a','env':[{'name':'X','value':'3'},{'name':'Y','value':'2'}]}")},
	{"a foreign element has no key", CONTAINERS("{'x':1},7,{'name':null}"),
	 CONTAINERS("{'name':'a'}"), CONTAINERS("{'x':1},7,{'name':null},{'name':'a'}")},
	{"ports by number only",
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'UDP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'TCP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'TCP'}]}")},
	{"repeated keys that nobody asks about",
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'TCP'},"
		    "{'containerPort':53,'protocol':'UDP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':80}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'TCP'},"
		    "{'containerPort':53,'protocol':'UDP'},{'containerPort':80}]}")},
	{"repeated keys merge into the first",
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'TCP'},"
		    "{'containerPort':53,'protocol':'SCTP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'name':'t'},"
		    "{'containerPort':53,'protocol':'UDP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'UDP','name':'t'},"
		    "{'containerPort':53,'protocol':'SCTP'}]}")},
	{"repeated keys that are added become one", CONTAINERS("{'name':'a','ports':[]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'name':'t'},"
		    "{'containerPort':53,'protocol':'UDP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'name':'t','protocol':'UDP'}]}")},
	{"an element's element has its own keys", "{'spec':{'containers':[]}}",
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'UDP'},"
		    "{'containerPort':53,'protocol':'UDP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'protocol':'UDP'},"
		    "{'containerPort':53,'protocol':'UDP'}]}")},
	{"set", "{'metadata':{'finalizers':['a','b']}}",
	 "{'metadata':{'finalizers':['c','b','c']}}", "{'metadata':{'finalizers':['a','b','c']}}"},
	{"element deleted", CONTAINERS("{'name':'a'},{'name':'b'},{'name':'a'}"),
	 CONTAINERS("{'$patch':'delete','name':'a'}"), CONTAINERS("{'name':'b'}")},
	{"deleted and set again in its place", CONTAINERS("{'name':'a','x':1},{'name':'b'}"),
	 CONTAINERS("{'name':'c'},{'name':'a','y':2},{'$patch':'delete','name':'a'}"),
	 CONTAINERS("{'name':'a','y':2},{'name':'b'},{'name':'c'}")},
	{"deleted, one of two set again", CONTAINERS("{'name':'a'},{'name':'a','x':1}"),
	 CONTAINERS("{'$patch':'delete','name':'a'},{'name':'a','y':2}"),
	 CONTAINERS("{'name':'a','y':2}")},
	{"list replaced, in the order of the patch",
	 CONTAINERS("{'name':'a','x':1},{'x':2},{'name':'b'},{'name':'c'}"),
	 CONTAINERS("{'$patch':'replace'},{'name':'c'},{'name':'d'},{'name':'a'}"),
	 CONTAINERS("{'name':'c'},{'name':'d'},{'name':'a'}")},
	{"list replaced and deleted from", CONTAINERS("{'name':'a'},{'name':'b'}"),
	 CONTAINERS("{'$patch':'replace'},{'name':'c'},{'name':'b','$patch':'delete'}"),
	 CONTAINERS("{'name':'c'}")},
	{"list replaced", CONTAINERS("{'name':'a','x':1},{'name':'b'}"),
	 CONTAINERS("{'name':'a'},{'$patch':'replace'}"), CONTAINERS("{'name':'a'}")},
	{"list replaced by the same", CONTAINERS("{'name':'a'}"),
	 CONTAINERS("{'$patch':'replace'},{'name':'a'}"), CONTAINERS("{'name':'a'}")},
	{"directives of a list that is added", "{}",
	 CONTAINERS("{'$patch':'replace'},{'name':'a'},{'$patch':'delete','name':'b'}"),
	 CONTAINERS("{'name':'a'}")},
	{"object replaced", "{'a':{'b':1,'c':2}}", "{'a':{'$patch':'replace','b':3}}",
	 "{'a':{'b':3}}"},
	{"object replaced that is absent", "{}", "{'a':{'$patch':'replace','b':3}}", "{}"},
	{"object replaced that is null", "{'a':null}", "{'a':{'$patch':'replace','b':3}}",
	 "{'a':null}"},
	{"object deleted", "{'a':{'b':1},'c':2}", "{'a':{'$patch':'delete'}}", "{'a':{},'c':2}"},
	{"object deleted that is absent", "{'c':2}",
	 "{'a':{'$patch':'delete'},'d':{'e':{'$patch':'delete'}}}", "{'c':2,'d':{}}"},
	{"retained keys", "{'spec':{'volumes':[{'name':'v','hostPath':{'path':'/'},'x':1}]}}",
	 "{'spec':{'volumes':[{'name':'v','$retainKeys':['name','emptyDir'],'emptyDir':{}}]}}",
	 "{'spec':{'volumes':[{'name':'v','emptyDir':{}}]}}"},
	{"retained keys that are there",
	 "{'spec':{'volumes':[{'name':'v','emptyDir':{'medium':'Memory'}}]}}",
	 "{'spec':{'volumes':[{'name':'v','$retainKeys':['name','emptyDir']}]}}",
	 "{'spec':{'volumes':[{'name':'v','emptyDir':{'medium':'Memory'}}]}}"},
	{"retained keys of what is added", "{}",
	 "{'spec':{'volumes':[{'name':'v','$retainKeys':['name'],'x':null}]}}",
	 "{'spec':{'volumes':[{'name':'v'}]}}"},
	{"without retained keys all sources stay",
	 "{'spec':{'volumes':[{'name':'v','hostPath':{'path':'/'}}]}}",
	 "{'spec':{'volumes':[{'name':'v','emptyDir':{}}]}}",
	 "{'spec':{'volumes':[{'name':'v','hostPath':{'path':'/'},'emptyDir':{}}]}}"},
	{"a claim template has metadata",
	 "{'spec':{'volumes':[{'name':'v','ephemeral':{'volumeClaimTemplate':{'metadata':"
	 "{'finalizers':['a']}}}}]}}",
	 "{'spec':{'volumes':[{'name':'v','ephemeral':{'volumeClaimTemplate':{'metadata':"
	 "{'finalizers':['b']}}}}]}}",
	 "{'spec':{'volumes':[{'name':'v','ephemeral':{'volumeClaimTemplate':{'metadata':"
	 "{'finalizers':['a','b']}}}}]}}"},
};

static const struct row ORIGINAL_WINS_ROWS[] = {
	{"scalar stays", "{'a':1}", "{'a':2}", "{'a':1}"},
	{"scalar of another type stays", "{'a':'auto'}", "{'a':2}", "{'a':'auto'}"},
	{"filled in", "{'a':{'b':1}}", "{'a':{'b':2,'c':{'d':null,'e':4}},'f':[5]}",
	 "{'a':{'b':1,'c':{'e':4}},'f':[5]}"},
	{"null is lacking", "{'a':null,'b':null}", "{'a':1,'b':null}", "{'a':1,'b':null}"},
	{"atomic list stays", CONTAINERS("{'name':'a','args':[]}"),
	 CONTAINERS("{'name':'a','args':['x']}"), CONTAINERS("{'name':'a','args':[]}")},
	{"elements filled in", CONTAINERS("{'name':'a','env':[{'name':'X','value':'1'}]}"),
	 CONTAINERS("{'name':'a','image':'i','env':[{'name':'X','value':'2'},{'name':'Y'}]},"
		    "{'name':'b'}"),
	 CONTAINERS("{'name':'a','env':[{'name':'X','value':'1'},{'name':'Y'}],'image':'i'},"
		    "{'name':'b'}")},
	{"set", "{'metadata':{'finalizers':['a']}}", "{'metadata':{'finalizers':['b','b']}}",
	 "{'metadata':{'finalizers':['a','b']}}"},
	{"repeated keys, of which there is one",
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53}]}"),
	 CONTAINERS("{'name':'a','ports':[{'$patch':'delete','containerPort':53},"
		    "{'containerPort':53,'name':'a'},{'containerPort':53,'protocol':'UDP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53,'name':'a'}]}")},
	{"repeated keys, of which there is none",
	 CONTAINERS("{'name':'a','ports':[{'containerPort':80}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':53},"
		    "{'containerPort':53,'protocol':'UDP'}]}"),
	 CONTAINERS("{'name':'a','ports':[{'containerPort':80},{'containerPort':53},"
		    "{'containerPort':53,'protocol':'UDP'}]}")},
	{"nothing is taken away", CONTAINERS("{'name':'a','x':{'y':1},'z':2}"),
	 CONTAINERS("{'name':'a','x':{'$patch':'delete'},'z':null},"
		    "{'$patch':'delete','name':'b'}"),
	 CONTAINERS("{'name':'a','x':{'y':1},'z':2}")},
	{"no list is replaced", CONTAINERS("{'name':'a','x':1}"),
	 CONTAINERS("{'name':'b'},{'$patch':'replace'},{'name':'a','$patch':'delete'}"),
	 CONTAINERS("{'name':'a','x':1},{'name':'b'}")},
	{"nothing is replaced", "{'a':{'b':1}}", "{'a':{'$patch':'replace','c':2}}",
	 "{'a':{'b':1}}"},
	{"retained keys do not remove", "{'spec':{'volumes':[{'name':'v','hostPath':{}}]}}",
	 "{'spec':{'volumes':[{'name':'v','$retainKeys':['name','x'],'x':1}]}}",
	 "{'spec':{'volumes':[{'name':'v','hostPath':{},'x':1}]}}"},
};

/* Merges, and merges the result again: nothing may be left to do then, nor a bystander changed. */
static void check_row(const struct row *row, enum merge_winner winner)
{
	json_auto_t *original = quoted_json(row->original);
	json_auto_t *patch = quoted_json(row->patch);
	json_auto_t *merged = NULL;
	json_auto_t *again = NULL;
	struct err err = {0};

	ASSERT_ROW(row->name,
		   strategic_merge(original, patch, MERGE_RULES_POD, winner, &merged, &err) == 0);
	CLEANUP(freep) char *text = quoted_json_text(merged);
	ASSERT_TEXT(row->name, text, row->merged);
	if (strcmp(row->merged, row->original) == 0)
		ASSERT_ROW(row->name, merged == original);
	if (merged == NULL)
		return;
	ASSERT_ROW(row->name,
		   strategic_merge(merged, patch, MERGE_RULES_POD, winner, &again, &err) == 0);
	ASSERT_ROW(row->name, again == merged);
	CLEANUP(freep) char *original_text = quoted_json_text(original);
	ASSERT_TEXT(row->name, original_text, row->original);
	CLEANUP(freep) char *patch_text = quoted_json_text(patch);
	ASSERT_TEXT(row->name, patch_text, row->patch);
}

static void test_patch_wins(void)
{
	for (size_t i = 0; i < sizeof(PATCH_WINS_ROWS) / sizeof(*PATCH_WINS_ROWS); i++)
		check_row(&PATCH_WINS_ROWS[i], MERGE_PATCH_WINS);
}

static void test_original_wins(void)
{
	for (size_t i = 0; i < sizeof(ORIGINAL_WINS_ROWS) / sizeof(*ORIGINAL_WINS_ROWS); i++)
		check_row(&ORIGINAL_WINS_ROWS[i], MERGE_ORIGINAL_WINS);
}

static void test_sharing(void)
{
	json_auto_t *original = quoted_json(
		"{'spec':{'containers':[{'name':'a','env':[{'name':'X'}]},{'name':'b'}],'x':{}}}");
	json_auto_t *patch = quoted_json(
		"{'spec':{'containers':[{'name':'a','image':'i'}],'volumes':[{'name':'v'}]}}");
	json_auto_t *merged = NULL;
	struct err err = {0};

	CU_ASSERT_FATAL(strategic_merge(original, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, &merged,
					&err) == 0);
	json_t *spec = json_object_get(merged, "spec");
	json_t *old_spec = json_object_get(original, "spec");
	json_t *first = json_array_get(json_object_get(spec, "containers"), 0);
	json_t *old_first = json_array_get(json_object_get(old_spec, "containers"), 0);
	CU_ASSERT(json_object_get(spec, "x") == json_object_get(old_spec, "x"));
	CU_ASSERT(json_array_get(json_object_get(spec, "containers"), 1) ==
		  json_array_get(json_object_get(old_spec, "containers"), 1));
	CU_ASSERT(json_object_get(first, "env") == json_object_get(old_first, "env"));
	CU_ASSERT(json_object_get(spec, "volumes") ==
		  json_object_get(json_object_get(patch, "spec"), "volumes"));
}

static void test_rules_of_a_part(void)
{
	json_auto_t *original = quoted_json("{'name':'a','env':[{'name':'X','value':'1'}]}");
	json_auto_t *patch = quoted_json("{'env':[{'name':'Y'}]}");
	json_auto_t *merged = NULL;
	json_auto_t *unruled = NULL;
	struct err err = {0};

	CU_ASSERT(strategic_merge(original, patch, MERGE_RULES_CONTAINER, MERGE_PATCH_WINS, &merged,
				  &err) == 0);
	CLEANUP(freep) char *text = quoted_json_text(merged);
	ASSERT_TEXT("container", text,
		    "{'name':'a','env':[{'name':'X','value':'1'},{'name':'Y'}]}");
	CU_ASSERT(strategic_merge(original, patch, NULL, MERGE_PATCH_WINS, &unruled, &err) == 0);
	CLEANUP(freep) char *unruled_text = quoted_json_text(unruled);
	ASSERT_TEXT("no rules", unruled_text, "{'name':'a','env':[{'name':'Y'}]}");
}

struct error_row {
	const char *name;
	const char *original;
	const char *patch;
	int code;
	const char *message;
};

static const struct error_row ERROR_ROWS[] = {
	{"object for a scalar", "{'a':{'b':1}}", "{'a':{'b':{}}}", -EINVAL,
	 "a.b: must be of type integer, as in the pod, found object"},
	{"scalar for an object", "{'a':{'b':{}}}", "{'a':{'b':'x'}}", -EINVAL,
	 "a.b: must be of type object, as in the pod, found string"},
	{"list for an object", CONTAINERS("{'name':'x'},{'name':'a','env':{}}"),
	 CONTAINERS("{'name':'b'},{'name':'a','env':[]}"), -EINVAL,
	 "spec.containers[1].env: must be of type object, as in the pod, found array"},
	{"a directive in an element that is added", CONTAINERS("{'name':'a'}"),
	 CONTAINERS("{'name':'a','env':[{'name':'X','$patch':'delete'}]},"
		    "{'name':'b','env':[{'name':'X','$patch':'delete'}]}"),
	 -EINVAL, "spec.containers[1]: has '$patch' inside, but the pod has no such element"},
	{"what the check of the patch refuses", "{}", "{'a':{'$patch':'merge'}}", -ENOTSUP,
	 "a: the directive '$patch: merge' is not understood, expected delete or replace"},
};

static void test_errors(void)
{
	for (size_t i = 0; i < sizeof(ERROR_ROWS) / sizeof(*ERROR_ROWS); i++) {
		const struct error_row *row = &ERROR_ROWS[i];
		json_auto_t *original = quoted_json(row->original);
		json_auto_t *patch = quoted_json(row->patch);
		json_t *merged = NULL;
		struct err err = {0};

		ASSERT_ROW(row->name,
			   strategic_merge(original, patch, MERGE_RULES_POD, MERGE_PATCH_WINS,
					   &merged, &err) == row->code);
		ASSERT_TEXT(row->name, err.msg, row->message);
		ASSERT_ROW(row->name, merged == NULL);
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	json_t *const *values = input;
	json_auto_t *merged = NULL;
	int r = strategic_merge(values[0], values[1], MERGE_RULES_POD, MERGE_PATCH_WINS, &merged,
				err);

	return r == 0 ? alloc_fail_outcome(merged, ret_outcome, err) : r;
}

static void test_out_of_memory(void)
{
	for (size_t i = 0; i < sizeof(PATCH_WINS_ROWS) / sizeof(*PATCH_WINS_ROWS); i++) {
		json_auto_t *original = quoted_json(PATCH_WINS_ROWS[i].original);
		json_auto_t *patch = quoted_json(PATCH_WINS_ROWS[i].patch);
		json_t *const values[] = {original, patch};

		alloc_fail_sweep_outcome(PATCH_WINS_ROWS[i].name, make, values);
	}
}

static CU_TestInfo tests[] = {
	{"the patch wins", test_patch_wins},
	{"the original wins", test_original_wins},
	{"what stays is shared", test_sharing},
	{"parts of a pod have rules too", test_rules_of_a_part},
	{"errors name the place", test_errors},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/strategic_merge", tests)
