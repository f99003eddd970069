/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/annotation.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/vocabulary.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/core/redirect_list.h"

static const struct {
	const char *annotations, *error;
} ROWS[] = {
	{"{}", ""},
	{"{'other.io/x': '', 'sidewire.io': '', 'x.sidewire.io/y': ''}", ""},
	{"{'sidewire.io/status': '', 'sidewire.io/redirect': 'x'}", ""},
	{"{'sidewire.io/profiles': 'a', 'sidewire.io/gate': 'x', 'sidewire.io/exclude-uids': '?'}",
	 ""},
	{"{'param.sidewire.io/x': 'y'}", ""},
	{"{'param.sidewire.io/x': ''}",
	 "annotation 'param.sidewire.io/x' is empty: expected a value"},
	{"{'param.sidewire.io/x': 'y\\u0000z'}",
	 "annotation 'param.sidewire.io/x' holds a NUL character: expected text"},
	{"{'sidewire.io/gate': 'none\\u0000exec'}",
	 "annotation 'sidewire.io/gate' holds a NUL character: expected text"},
	{"{'sidewire.io/profiles': ''}",
	 "annotation 'sidewire.io/profiles' is empty: expected names of profiles"},
	{"{'sidewire.io/gate': ''}",
	 "annotation 'sidewire.io/gate' is empty: expected probe, exec or none"},
	{"{'sidewire.io/redirect-mode': ''}",
	 "annotation 'sidewire.io/redirect-mode' is empty: expected redirect or none"},
	{"{'sidewire.io/include-outbound-cidrs': ''}",
	 "annotation 'sidewire.io/include-outbound-cidrs' is empty: expected prefixes such as "
	 "10.0.0.0/8,fd00::/8, or *"},
	{"{'sidewire.io/probes': 'auto'}",
	 "annotation 'sidewire.io/probes' is not supported by this version"},
	{"{'sidewire.io/': 'x'}", "annotation 'sidewire.io/' is not known"},
	{"{'sidewire.io/inject': 'true'}", "'sidewire.io/inject' is a label, not an annotation"},
	{"{'sidewire.io/gates': 'x'}",
	 "annotation 'sidewire.io/gates' is not known: did you mean 'sidewire.io/gate'?"},
	{"{'sidewire.io/Gate': 'x'}",
	 "annotation 'sidewire.io/Gate' is not known: did you mean 'sidewire.io/gate'?"},
};

static void test_check(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *annotations = quoted_json(ROWS[i].annotations);
		struct err err = {0};
		int r = annotation_check(annotations, &err);

		ASSERT_ROW(ROWS[i].annotations, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].annotations, err.msg, ROWS[i].error);
	}
}

static void test_none_at_all(void)
{
	struct err err = {0};

	CU_ASSERT_EQUAL(annotation_check(NULL, &err), 0);
	CU_ASSERT_EQUAL(annotation_refuse_redirect(NULL, &err), 0);
	CU_ASSERT_PTR_NULL(annotation_get(NULL, ANNOTATION_GATE));
}

/* Every annotation that redirect_resolve reads is known, and bears on the redirect. */
static void test_all_of_the_redirect(void)
{
	const char *keys[REDIRECT_LIST_COUNT + 2] = {ANNOTATION_GATE, ANNOTATION_REDIRECT_MODE};

	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++)
		keys[i + 2] = REDIRECT_LISTS[i].annotation;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		json_auto_t *annotations = json_pack("{s:s}", keys[i], "value");
		struct err err = {0};

		ASSERT_ROW(keys[i], annotation_check(annotations, &err) == 0);
		ASSERT_ROW(keys[i], annotation_refuse_redirect(annotations, &err) == -EINVAL);
		ASSERT_ROW(keys[i], strstr(err.msg, keys[i]) != NULL);
	}
}

static void test_those_that_are_not(void)
{
	json_auto_t *annotations = quoted_json("{'sidewire.io/profiles': 'x', 'other.io/gate': 'y',"
					       " 'sidewire.io/redirect': 'z'}");
	struct err err = {0};

	CU_ASSERT_EQUAL(annotation_refuse_redirect(annotations, &err), 0);
}

static void test_messages(void)
{
	struct err err = {0};

	CU_ASSERT_EQUAL(annotation_refuse(ANNOTATION_GATE, "x", &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(
		err.msg, "annotation 'sidewire.io/gate' is 'x', expected probe, exec or none");
	err_set(&err, ERANGE, "it is too big");
	CU_ASSERT_EQUAL(annotation_wrap(ANNOTATION_EXCLUDE_UIDS, "5", &err), -ERANGE);
	CU_ASSERT_STRING_EQUAL(err.msg, "annotation 'sidewire.io/exclude-uids' is '5', expected "
					"numbers and ranges such as 1000,2000-2010: it is too big");
}

static const struct {
	const char *name, *own, *of_namespace, *expected;
} DEFAULTS[] = {
	{"neither", NULL, NULL, "(nothing)"},
	{"the pod's alone", "{'sidewire.io/gate':'none','a':'b'}", NULL,
	 "{'sidewire.io/gate':'none','a':'b'}"},
	{"the namespace's alone", NULL,
	 "{'sidewire.io/gate':'none','param.sidewire.io/cpu':'1','a':'b'}",
	 "{'sidewire.io/gate':'none','param.sidewire.io/cpu':'1'}"},
	{"the pod wins, key by key", "{'sidewire.io/gate':'none'}",
	 "{'sidewire.io/gate':'exec','sidewire.io/profiles':'x'}",
	 "{'sidewire.io/gate':'none','sidewire.io/profiles':'x'}"},
	{"what is misspelt counts too", NULL, "{'sidewire.io/gat':'x','sidewire.io/inject':'y'}",
	 "{'sidewire.io/gat':'x','sidewire.io/inject':'y'}"},
	{"what the webhook writes does not", NULL,
	 "{'sidewire.io/status':'x','sidewire.io/redirect':'y','sidewire.iox':'z'}", "(nothing)"},
};

static void test_defaults(void)
{
	for (size_t i = 0; i < sizeof(DEFAULTS) / sizeof(*DEFAULTS); i++) {
		json_auto_t *own = DEFAULTS[i].own != NULL ? quoted_json(DEFAULTS[i].own) : NULL;
		json_auto_t *untouched = json_deep_copy(own);
		json_auto_t *of_namespace = DEFAULTS[i].of_namespace != NULL
						    ? quoted_json(DEFAULTS[i].of_namespace)
						    : NULL;
		json_auto_t *found = NULL;
		struct err err = {0};

		ASSERT_ROW(DEFAULTS[i].name,
			   annotation_with_defaults(own, of_namespace, &found, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(found);
		ASSERT_TEXT(DEFAULTS[i].name, text, DEFAULTS[i].expected);
		ASSERT_ROW(DEFAULTS[i].name, own == NULL || json_equal(own, untouched));
		ASSERT_ROW(DEFAULTS[i].name, of_namespace != NULL || found == own);
	}
}

static CU_TestInfo tests[] = {
	{"keys of ours are checked", test_check},
	{"a pod without annotations", test_none_at_all},
	{"whatever bears on the redirect is known", test_all_of_the_redirect},
	{"whatever does not, passes where nothing redirects", test_those_that_are_not},
	{"a refusal says annotation, value and what was expected", test_messages},
	{"a namespace's are defaults", test_defaults},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/annotation", tests)
