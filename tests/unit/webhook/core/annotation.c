/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/annotation.h"

#include <errno.h>
#include <string.h>

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
	 "annotation 'sidewire.io/redirect-mode' is empty: expected redirect, tproxy, "
	 "tproxy-both or none"},
	{"{'sidewire.io/include-outbound-cidrs': ''}",
	 "annotation 'sidewire.io/include-outbound-cidrs' is empty: expected prefixes such as "
	 "10.0.0.0/8,fd00::/8, or *"},
	{"{'sidewire.io/probes': 'auto'}", ""},
	{"{'sidewire.io/probes': ''}",
	 "annotation 'sidewire.io/probes' is empty: expected auto, keep, exec, exempt or rewrite"},
	{"{'sidewire.io/port-map': '1:2', 'sidewire.io/dns-capture': 'x'}", ""},
	{"{'sidewire.io/port-map': ''}",
	 "annotation 'sidewire.io/port-map' is empty: expected pairs of ports such as "
	 "12220:15003,6379:15004"},
	{"{'sidewire.io/exclude-interfaces': ''}",
	 "annotation 'sidewire.io/exclude-interfaces' is empty: expected names of interfaces such "
	 "as net1,net2"},
	{"{'sidewire.io/dns-capture': ''}",
	 "annotation 'sidewire.io/dns-capture' is empty: expected true or false"},
	{"{'sidewire.io/non-tcp': ''}",
	 "annotation 'sidewire.io/non-tcp' is empty: expected allow, reject-quic or reject"},
	{"{'sidewire.io/reroute-interface': 'x'}",
	 "annotation 'sidewire.io/reroute-interface' is not known: did you mean "
	 "'sidewire.io/reroute-interfaces'?"},
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
	const char *keys[REDIRECT_LIST_COUNT + 5] = {ANNOTATION_GATE, ANNOTATION_REDIRECT_MODE,
						     ANNOTATION_DNS_CAPTURE,
						     ANNOTATION_DROP_INVALID, ANNOTATION_NON_TCP};

	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++)
		keys[i + 5] = REDIRECT_LISTS[i].annotation;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		json_auto_t *annotations = json_pack("{s:s}", keys[i], "value");
		struct err err = {0};

		ASSERT_ROW(keys[i], annotation_check(annotations, &err) == 0);
		ASSERT_ROW(keys[i], annotation_is_of_redirect(keys[i]));
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
	CU_ASSERT_FALSE(annotation_is_of_redirect("sidewire.io/profiles"));
	CU_ASSERT_FALSE(annotation_is_of_redirect("sidewire.io/redirect"));
	CU_ASSERT_FALSE(annotation_is_of_redirect("other.io/gate"));
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

static void test_defaults(void)
{
	json_auto_t *good = quoted_json("{'sidewire.io/gate': 'x', 'sidewire.io/unknown': 'y'}");
	json_auto_t *status = quoted_json("{'sidewire.io/status': ''}");
	json_auto_t *redirect = quoted_json("{'sidewire.io/redirect': 'x'}");
	struct err err = {0};

	CU_ASSERT_EQUAL(annotation_check_defaults(NULL, &err), 0);
	CU_ASSERT_EQUAL(annotation_check_defaults(good, &err), 0);
	CU_ASSERT_EQUAL(annotation_check_defaults(status, &err), -EINVAL);
	CU_ASSERT_EQUAL(annotation_check_defaults(redirect, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "annotation 'sidewire.io/redirect' is no default: the "
					"webhook writes it, on pods");
}

#define CHARACTERS_64 "sidewire.io/34567890123456789012345678901234567890123456789012345"

static const struct {
	const char *key, *sentence;
	bool is_subject;
} SUBJECTS[] = {
	{"sidewire.io/gate", "annotation 'sidewire.io/gate' is 'x'", true},
	{"sidewire.io/gate", "annotation 'sidewire.io/gates' is 'x'", false},
	{"sidewire.io/gates", "annotation 'sidewire.io/gate' is 'x'", false},
	{"sidewire.io/gate", "annotation 'sidewire.io/gat': did you mean 'sidewire.io/gate'?",
	 false},
	{"sidewire.io/gate", "profile 'x': annotation 'sidewire.io/gate' is 'x'", false},
	{"sidewire.io/gate", "no memory", false},
	{"sidewire.io/gate", "annotation '", false},
	{CHARACTERS_64 "67", "annotation '" CHARACTERS_64 "' is not known", true},
	{"x" CHARACTERS_64, "annotation '" CHARACTERS_64 "' is not known", false},
};

static void test_subjects(void)
{
	for (size_t i = 0; i < sizeof(SUBJECTS) / sizeof(*SUBJECTS); i++)
		ASSERT_ROW(SUBJECTS[i].sentence,
			   annotation_is_subject(SUBJECTS[i].key, SUBJECTS[i].sentence) ==
				   SUBJECTS[i].is_subject);
}

/* Every refusal of annotation_check() is about what it refuses. */
static void test_refusals_have_their_subject(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *annotations = quoted_json(ROWS[i].annotations);
		struct err err = {0};
		const char *key;
		json_t *value;
		bool is_told = false;

		if (annotation_check(annotations, &err) == 0)
			continue;
		json_object_foreach(annotations, key, value)
			is_told = is_told || annotation_is_subject(key, err.msg);
		ASSERT_ROW(ROWS[i].annotations, is_told);
	}
}

static CU_TestInfo tests[] = {
	{"keys of ours are checked", test_check},
	{"a pod without annotations", test_none_at_all},
	{"whatever bears on the redirect is known", test_all_of_the_redirect},
	{"whatever does not, passes where nothing redirects", test_those_that_are_not},
	{"a refusal says annotation, value and what was expected", test_messages},
	{"what the webhook writes is no default", test_defaults},
	{"what a refusal is about", test_subjects},
	{"every refusal is about an annotation", test_refusals_have_their_subject},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/annotation", tests)
