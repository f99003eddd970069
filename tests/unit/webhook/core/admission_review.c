/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/admission_review.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define REVIEW(request) \
	"{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':{" request "}}"
#define NOT "this is no AdmissionReview: "

/* A body of the API server's; the caller frees it. */
static char *body_of(const char *quoted)
{
	char *body = strdup(quoted);

	for (char *at = body; *at != '\0'; at++) {
		if (*at == '\'')
			*at = '"';
	}
	return body;
}

static const struct {
	const char *body, *error;
} REFUSALS[] = {
	{"", NOT "not valid JSON at line 1, column 0: '[' or '{' expected near end of file"},
	{"[]", NOT "a JSON object was expected, found array"},
	{"{}", NOT "'apiVersion' must be admission.k8s.io/v1, found ''"},
	{"{'apiVersion':1}", NOT "'apiVersion' must be a string, found integer"},
	{"{'apiVersion':'admission.k8s.io/v1','kind':'Pod'}",
	 NOT "'kind' must be AdmissionReview, found 'Pod'"},
	{"{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview'}",
	 NOT "'request' is missing"},
	{"{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview','request':[]}",
	 NOT "'request' must be an object, found array"},
	{REVIEW(""), NOT "'uid' is missing"},
	{REVIEW("'uid':''"), NOT "'uid' is missing"},
	{REVIEW("'uid':'a\\u0000'"), NOT "'uid' must not hold a NUL character"},
	{REVIEW("'uid':'u','operation':[]"), NOT "'operation' must be a string, found array"},
	{REVIEW("'uid':'u','resource':'pods'"), NOT "'resource' must be an object, found string"},
	{REVIEW("'uid':'u','resource':{'group':1}"), NOT "'group' must be a string, found integer"},
	{REVIEW("'uid':'u','dryRun':'yes'"), NOT "'dryRun' must be true or false, found string"},
	{REVIEW("'uid':'u','subResource':{}"), NOT "'subResource' must be a string, found object"},
	{REVIEW("'uid':'u','namespace':7"), NOT "'namespace' must be a string, found integer"},
	{REVIEW("'uid':'u','name':7"), NOT "'name' must be a string, found integer"},
};

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(*REFUSALS); i++) {
		CLEANUP(freep) char *body = body_of(REFUSALS[i].body);
		CLEANUP(admission_request_release) struct admission_request request = {0};
		struct err err = {0};

		ASSERT_ROW(REFUSALS[i].body,
			   admission_request_decode(body, strlen(body), &request, &err) == -EINVAL);
		ASSERT_TEXT(REFUSALS[i].body, err.msg, REFUSALS[i].error);
		ASSERT_ROW(REFUSALS[i].body, request.review == NULL);
	}
}

static const struct {
	const char *body;
	const char *operation, *resource, *subresource, *namespace_name, *name, *generate_name;
	const char *object;
} REQUESTS[] = {
	{REVIEW("'uid':'u'"), "", "", "", "", "", "", "(nothing)"},
	{REVIEW("'uid':'u','object':null,'x':1"), "", "", "", "", "", "", "(nothing)"},
	{REVIEW("'uid':'u','object':[1]"), "", "", "", "", "", "", "[1]"},
	{REVIEW("'uid':'u','operation':'CREATE','resource':{'group':'','version':'v1',"
		"'resource':'pods'},'subResource':'s','namespace':'n','name':'p',"
		"'object':{'metadata':{'name':'q','generateName':'g-'}}"),
	 "CREATE", "pods", "s", "n", "p", "g-", "{'metadata':{'name':'q','generateName':'g-'}}"},
	{REVIEW("'uid':'u','object':{'metadata':{'name':'q','generateName':7}}"), "", "", "", "",
	 "q", "", "{'metadata':{'name':'q','generateName':7}}"},
	{REVIEW("'uid':'u','resource':{'group':'apps','version':'v1','resource':'pods'}"), "", "",
	 "", "", "", "", "(nothing)"},
	{REVIEW("'uid':'u','resource':{'version':'v2','resource':'pods'}"), "", "", "", "", "", "",
	 "(nothing)"},
};

static void test_dry_run(void)
{
	static const struct {
		const char *body;
		bool is_dry_run;
	} ROWS[] = {
		{REVIEW("'uid':'u','dryRun':true"), true},
		{REVIEW("'uid':'u','dryRun':false"), false},
		{REVIEW("'uid':'u','dryRun':null"), false},
		{REVIEW("'uid':'u'"), false},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(freep) char *body = body_of(ROWS[i].body);
		CLEANUP(admission_request_release) struct admission_request request = {0};
		struct err err = {0};

		CU_ASSERT_EQUAL_FATAL(admission_request_decode(body, strlen(body), &request, &err),
				      0);
		ASSERT_ROW(ROWS[i].body, request.is_dry_run == ROWS[i].is_dry_run);
	}
}

static void test_decode(void)
{
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(*REQUESTS); i++) {
		CLEANUP(freep) char *body = body_of(REQUESTS[i].body);
		CLEANUP(admission_request_release) struct admission_request request = {0};
		struct err err = {0};

		CU_ASSERT_EQUAL_FATAL(admission_request_decode(body, strlen(body), &request, &err),
				      0);
		CLEANUP(freep) char *object = quoted_json_text(request.object);
		ASSERT_TEXT(REQUESTS[i].body, request.uid, "u");
		ASSERT_TEXT(REQUESTS[i].body, request.operation, REQUESTS[i].operation);
		ASSERT_TEXT(REQUESTS[i].body, request.resource, REQUESTS[i].resource);
		ASSERT_TEXT(REQUESTS[i].body, request.subresource, REQUESTS[i].subresource);
		ASSERT_TEXT(REQUESTS[i].body, request.namespace_name, REQUESTS[i].namespace_name);
		ASSERT_TEXT(REQUESTS[i].body, request.name, REQUESTS[i].name);
		ASSERT_TEXT(REQUESTS[i].body, request.generate_name, REQUESTS[i].generate_name);
		ASSERT_TEXT(REQUESTS[i].body, object, REQUESTS[i].object);
	}
}

/* Thousands of arrays inside each other, and a body that is too long, end before they begin. */
static void test_bounds(void)
{
	enum { DEPTH = 100000 };
	struct admission_request request;
	struct err err = {0};
	char *body = malloc(ADMISSION_REVIEW_SIZE_MAX + 1);

	memset(body, '[', DEPTH);
	CU_ASSERT_EQUAL(admission_request_decode(body, DEPTH, &request, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "maximum parsing depth reached"));
	memset(body, ' ', ADMISSION_REVIEW_SIZE_MAX + 1);
	CU_ASSERT_EQUAL(
		admission_request_decode(body, ADMISSION_REVIEW_SIZE_MAX + 1, &request, &err),
		-E2BIG);
	CU_ASSERT_STRING_EQUAL(err.msg, "the review has 8388609 bytes, at most 8388608 are read");
	free(body);
}

/* `{"x":[{},{},...]}` with that many values. The caller frees it. */
static char *many_values(const char *value, size_t count)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char *result = NULL;
	struct err err = {0};

	strbuf_puts(&text, "{\"x\":[");
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text, "%s%s", i > 0 ? "," : "", value);
	strbuf_puts(&text, "]}");
	CU_ASSERT_EQUAL_FATAL(strbuf_finish(&text, &result, &err), 0);
	return result;
}

static void test_bound_of_values(void)
{
	static const struct {
		const char *name, *value;
		size_t count;
		const char *message;
	} rows[] = {
		{"numbers, one too many", "1", ADMISSION_REVIEW_VALUES_MAX,
		 "the review has more than 200000 values"},
		{"numbers, as many as may be", "1", ADMISSION_REVIEW_VALUES_MAX - 1, "apiVersion"},
		{"objects", "{}", ADMISSION_REVIEW_VALUES_MAX / 2, "more than 200000 values"},
		{"arrays", "[]", ADMISSION_REVIEW_VALUES_MAX / 2, "more than 200000 values"},
		{"a text of nothing but commas", "\"\\\",[,{,,\"", ADMISSION_REVIEW_VALUES_MAX - 1,
		 "apiVersion"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(freep) char *body = many_values(rows[i].value, rows[i].count);
		struct admission_request request;
		struct err err = {0};

		ASSERT_ROW(rows[i].name,
			   admission_request_decode(body, strlen(body), &request, &err) < 0);
		ASSERT_ROW(rows[i].name, strstr(err.msg, rows[i].message) != NULL);
	}
}

#define ANSWER(response)                   \
	"{'apiVersion':'admission.k8s.io/" \
	"v1','kind':'AdmissionReview','response':{'uid':'u'," response "}}"

static struct inject_result result_of(enum inject_verdict verdict)
{
	return (struct inject_result){
		.decision = {.verdict = verdict, .reason = "Because", .sentence = "it is so"}};
}

static void expect(const struct inject_result *result, const char *expected)
{
	struct admission_response response;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(admission_response_encode("u", result, &response, &err), 0);
	CLEANUP(freep) char *body = response.body;
	CU_ASSERT_EQUAL(response.length, strlen(body));
	json_auto_t *answer = json_loads(body, 0, NULL);
	CLEANUP(freep) char *found = quoted_json_text(answer);
	ASSERT_TEXT(expected, found, expected);
}

static void test_skip(void)
{
	struct inject_result result = result_of(INJECT_SKIP);

	expect(&result, ANSWER("'allowed':true,'auditAnnotations':{'decision':'skip',"
			       "'reason':'Because'}"));
	snprintf(result.warnings[result.warning_count++], INJECT_WARNING_SIZE, "one");
	snprintf(result.warnings[result.warning_count++], INJECT_WARNING_SIZE, "two");
	expect(&result, ANSWER("'allowed':true,'warnings':['one','two'],'auditAnnotations':"
			       "{'decision':'skip','reason':'Because'}"));
}

static void test_deny(void)
{
	struct inject_result result = result_of(INJECT_DENY);

	result.status = 422;
	expect(&result, ANSWER("'allowed':false,'status':{'code':422,'message':'it is so'},"
			       "'auditAnnotations':{'decision':'deny','reason':'Because'}"));
}

static void test_inject(void)
{
	CLEANUP(inject_result_release) struct inject_result result = result_of(INJECT_YES);

	result.profiles = strdup("a,b");
	result.patch = json_array();
	expect(&result, ANSWER("'allowed':true,'auditAnnotations':{'decision':'inject',"
			       "'reason':'Because','profiles':'a,b'}"));
	json_array_append_new(result.patch, json_integer(1));
	/* printf '[1]' | base64 */
	expect(&result, ANSWER("'allowed':true,'patchType':'JSONPatch','patch':'WzFd',"
			       "'auditAnnotations':{'decision':'inject','reason':'Because',"
			       "'profiles':'a,b'}"));
	json_array_append_new(result.patch, json_integer(1));
	/* printf '[1,1]' | base64 */
	expect(&result, ANSWER("'allowed':true,'patchType':'JSONPatch','patch':'WzEsMV0=',"
			       "'auditAnnotations':{'decision':'inject','reason':'Because',"
			       "'profiles':'a,b'}"));
}

/* The patch of an answer, decoded. The caller frees it. */
static char *patch_of(const struct admission_response *response)
{
	json_auto_t *answer = json_loadb(response->body, response->length, 0, NULL);
	const char *encoded =
		json_string_value(json_object_get(json_object_get(answer, "response"), "patch"));
	struct base64_decode_ctx base64;
	size_t length = response->patch_size;

	CU_ASSERT_PTR_NOT_NULL_FATAL(encoded);
	char *patch = calloc(1, BASE64_DECODE_LENGTH(strlen(encoded)) + 1);
	base64_decode_init(&base64);
	CU_ASSERT(
		base64_decode_update(&base64, &length, (uint8_t *)patch, strlen(encoded), encoded));
	CU_ASSERT(base64_decode_final(&base64));
	CU_ASSERT_EQUAL(length, response->patch_size);
	return patch;
}

/* Lengths around those at which base64 is cut in parts, and padded. */
static void test_patch_of_any_length(void)
{
	enum { LENGTH_MAX = 1600 };
	char text[LENGTH_MAX + 1] = "";

	for (size_t length = 0; length < LENGTH_MAX; length++) {
		CLEANUP(inject_result_release) struct inject_result result = result_of(INJECT_YES);
		struct admission_response response;
		struct err err = {0};

		result.patch = json_pack("[s]", text);
		CU_ASSERT_EQUAL_FATAL(admission_response_encode("u", &result, &response, &err), 0);
		CLEANUP(freep) char *body = response.body;
		CU_ASSERT_EQUAL(response.length, strlen(body));
		CLEANUP(freep) char *patch = patch_of(&response);
		CLEANUP(freep) char *expected = json_dumps(result.patch, JSON_COMPACT);
		ASSERT_TEXT("patch", patch, expected);
		text[length] = (char)('a' + length % 26);
	}
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	struct admission_response response = {0};
	int r = admission_response_encode("u", input, &response, err);

	*ret_outcome = response.body;
	return r;
}

static void test_out_of_memory(void)
{
	CLEANUP(inject_result_release) struct inject_result result = result_of(INJECT_YES);
	struct inject_result denial = result_of(INJECT_DENY);

	result.profiles = strdup("a,b");
	result.patch = json_pack("[i]", 1);
	snprintf(denial.warnings[denial.warning_count++], INJECT_WARNING_SIZE, "one");
	alloc_fail_sweep_outcome("yes", make, &result);
	alloc_fail_sweep_outcome("no", make, &denial);
}

static CU_TestInfo tests[] = {
	{"what is no review is refused", test_refusals},
	{"a review is decoded", test_decode},
	{"dry run", test_dry_run},
	{"a review has bounds", test_bounds},
	{"a review has a bound of values", test_bound_of_values},
	{"a pod that is skipped", test_skip},
	{"a pod that is denied", test_deny},
	{"a pod that is injected", test_inject},
	{"a patch of any length", test_patch_of_any_length},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/admission_review", tests)
