/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/undo_digest.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

/* Two members `x`. */
static const struct {
	const char *name, *one, *other;
	bool is_same;
} ROWS[] = {
	{"equal", "{'x':[1,'a',{'b':null}]}", "{'x':[1,'a',{'b':null}]}", true},
	{"members in another order", "{'x':{'a':1,'b':2}}", "{'x':{'b':2,'a':1}}", true},
	{"members changed places", "{'x':{'a':1,'b':2}}", "{'x':{'a':2,'b':1}}", false},
	{"elements in another order", "{'x':[1,2]}", "{'x':[2,1]}", false},
	{"elements taken apart", "{'x':[[1],2]}", "{'x':[[1,2]]}", false},
	{"number and text", "{'x':1}", "{'x':'1'}", false},
	{"integer and real", "{'x':1}", "{'x':1.0}", false},
	{"reals", "{'x':1.5}", "{'x':1.25}", false},
	{"large numbers", "{'x':9223372036854775807}", "{'x':9223372036854775806}", false},
	{"true and false", "{'x':true}", "{'x':false}", false},
	{"texts", "{'x':'a'}", "{'x':'b'}", false},
	{"a NUL", "{'x':'a'}", "{'x':'a\\u0000'}", false},
	{"empty ones", "{'x':{}}", "{'x':[]}", false},
	{"empty text and null", "{'x':''}", "{'x':null}", false},
	{"null and absent", "{'x':null}", "{}", false},
	{"defaults inside",
	 "{'x':{'httpGet':{'port':80,'path':'/','scheme':'HTTP'},'timeoutSeconds':1,"
	 "'periodSeconds':10,'successThreshold':1,'failureThreshold':3}}",
	 "{'x':{'httpGet':{'port':80}}}", true},
	{"empty texts and false, which are not stored",
	 "{'x':{'name':'A','value':'','readOnly':false}}", "{'x':{'name':'A'}}", true},
	{"a member that is empty, and absent", "{'x':''}", "{}", true},
	{"false and true", "{'x':{'readOnly':false}}", "{'x':{'readOnly':true}}", false},
	{"no default: the value", "{'x':{'periodSeconds':11}}", "{'x':{}}", false},
	{"no default: the text", "{'x':{'scheme':'HTTPS'}}", "{'x':{}}", false},
	{"no default: the type", "{'x':{'periodSeconds':'10','service':0}}", "{'x':{}}", false},
	{"both pull policies", "{'x':{'imagePullPolicy':'Always'}}",
	 "{'x':{'imagePullPolicy':'IfNotPresent'}}", true},
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *one = quoted_json(ROWS[i].one);
		json_auto_t *other = quoted_json(ROWS[i].other);
		char digest[UNDO_DIGEST_SIZE];
		char others[UNDO_DIGEST_SIZE];

		undo_digest("x", json_object_get(one, "x"), digest);
		undo_digest("x", json_object_get(other, "x"), others);
		ASSERT_ROW(ROWS[i].name, (strcmp(digest, others) == 0) == ROWS[i].is_same);
	}
}

/* Annotations hold it: what it is must never change. */
static void test_value(void)
{
	json_auto_t *value = quoted_json("{'a':[1,1.5,'x',null,true,{}],'scheme':'HTTP'}");
	char digest[UNDO_DIGEST_SIZE];

	undo_digest("x", value, digest);
	ASSERT_TEXT("value", digest, "3549bfa0");
	undo_digest("scheme", json_object_get(value, "scheme"), digest);
	ASSERT_TEXT("a default", digest, UNDO_DIGEST_ABSENT);
	undo_digest(NULL, json_object_get(value, "scheme"), digest);
	ASSERT_ROW("an element has none", strcmp(digest, UNDO_DIGEST_ABSENT) != 0);
	undo_digest("x", NULL, digest);
	ASSERT_TEXT("nothing", digest, UNDO_DIGEST_ABSENT);
}

static CU_TestInfo tests[] = {
	{"what is the same, and what is not", test_rows},
	{"the digest stays what it is", test_value},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/undo_digest", tests)
