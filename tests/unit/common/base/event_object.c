/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/event_object.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

static const struct event_object ABOUT_A_POD = {
	.component = "who",
	.host = "where",
	.namespace_name = "shop",
	.about_api_version = "v1",
	.about_kind = "Pod",
	.about_namespace = "shop",
	.about_name = "web",
	.about_uid = "u",
	.reason = "Because",
	.message = "a sentence",
	.time = "2026-01-31T12:00:00Z",
};

static void test_what_it_says(void)
{
	json_auto_t *made = event_object_make(&ABOUT_A_POD);
	CLEANUP(freep) char *text = quoted_json_text(made);

	ASSERT_TEXT("a pod", text,
		    "{'apiVersion':'v1','kind':'Event',"
		    "'metadata':{'generateName':'who-','namespace':'shop'},"
		    "'involvedObject':{'apiVersion':'v1','kind':'Pod','namespace':'shop',"
		    "'name':'web','uid':'u'},"
		    "'reason':'Because','message':'a sentence','type':'Warning',"
		    "'source':{'component':'who','host':'where'},"
		    "'firstTimestamp':'2026-01-31T12:00:00Z',"
		    "'lastTimestamp':'2026-01-31T12:00:00Z','count':1}");
}

static void test_what_is_not_known_is_left_out(void)
{
	struct event_object event = ABOUT_A_POD;

	event.about_namespace = NULL;
	event.about_uid = NULL;
	json_auto_t *made = event_object_make(&event);
	CLEANUP(freep) char *text = quoted_json_text(json_object_get(made, "involvedObject"));
	ASSERT_TEXT("a reference", text, "{'apiVersion':'v1','kind':'Pod','name':'web'}");
}

static int attempt(const void *input, struct err *err)
{
	json_auto_t *made = event_object_make(input);

	return made != NULL ? 0 : err_set(err, ENOMEM, "out of memory");
}

static void test_no_memory(void)
{
	alloc_fail_sweep("a pod", attempt, &ABOUT_A_POD);
}

static CU_TestInfo tests[] = {
	{"what it says", test_what_it_says},
	{"what is not known is left out", test_what_is_not_known_is_left_out},
	{"no memory", test_no_memory},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/event_object", tests)
