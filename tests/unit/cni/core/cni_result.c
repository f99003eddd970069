/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/cni_result.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name;
	enum cni_stage stage;
	int errnum;
	int code; /* the number itself: runtimes know the numbers, not our names */
} codes[] = {
	{"a variable is missing", CNI_STAGE_ENVIRONMENT, -EINVAL, 4},
	{"stdin fails", CNI_STAGE_STDIN, -EIO, 5},
	{"stdin is too long", CNI_STAGE_STDIN, -EFBIG, 5},
	{"no JSON", CNI_STAGE_NETCONF, -EBADMSG, 6},
	{"too long a configuration", CNI_STAGE_NETCONF, -E2BIG, 6},
	{"unsupported version", CNI_STAGE_NETCONF, -EPROTONOSUPPORT, 1},
	{"no name", CNI_STAGE_NETCONF, -EINVAL, 7},
	{"bad document", CNI_STAGE_DOCUMENT, -EINVAL, 100},
	{"a port of the document", CNI_STAGE_DOCUMENT, -ERANGE, 100},
	{"the host's namespace", CNI_STAGE_NETNS, -ENOTUNIQ, 102},
	{"the namespace is gone", CNI_STAGE_NETNS, -ENOENT, 101},
	{"no privilege", CNI_STAGE_RULES, -EPERM, 101},
	{"no ip_tables", CNI_STAGE_RULES, -ENOPROTOOPT, 104},
	{"no xt_owner", CNI_STAGE_RULES, -ENOENT, 104},
	{"a difference", CNI_STAGE_CHECK, -EUCLEAN, 103},
	{"rules that cannot be read", CNI_STAGE_CHECK, -EPERM, 101},
	{"no ip_tables to read", CNI_STAGE_CHECK, -ENOPROTOOPT, 104},
	{"no nat table", CNI_STAGE_CHECK, -ENOENT, 104},
	{"no IPv6, and a pod that needs it", CNI_STAGE_RULES, -EAFNOSUPPORT, 104},
	{"no IPv6 to read", CNI_STAGE_CHECK, -EAFNOSUPPORT, 104},
	{"no memory", CNI_STAGE_NETCONF, -ENOMEM, 11},
	{"the table changed meanwhile", CNI_STAGE_RULES, -EAGAIN, 11},
};

static void test_codes(void)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		ASSERT_ROW(codes[i].name,
			   (int)cni_result_code(codes[i].stage, codes[i].errnum) == codes[i].code);
}

/* The object as a runtime reads it, and that it is one line. */
static void test_error(void)
{
	struct err failure = {0}, err = {0};
	CLEANUP(freep) char *text = NULL;

	err_set(&failure, EINVAL, "\"%s\" is <no> port", "80\n");
	CU_ASSERT_FATAL(cni_result_error("0.4.0", CNI_CODE_DOCUMENT, &failure, &text, &err) == 0);
	ASSERT_TEXT("error", text,
		    "{\"cniVersion\":\"0.4.0\",\"code\":100,\"msg\":\"\\\"80\\n\\\" is <no> port\","
		    "\"details\":\"redirect document of the pod not valid\"}\n");
}

/* An environment may hold any bytes; the error object is JSON all the same. */
static void test_error_of_bytes(void)
{
	struct err failure = {0}, err = {0};
	CLEANUP(freep) char *text = NULL;

	err_set(&failure, EINVAL, "CNI_IFNAME '%s'", "\xff\xc3");
	CU_ASSERT_FATAL(cni_result_error("1.1.0", CNI_CODE_ENVIRONMENT, &failure, &text, &err) ==
			0);
	CU_ASSERT(strstr(text, "CNI_IFNAME '\?\?'") != NULL);
}

/* Every code says what it means. */
static void test_meanings(void)
{
	static const enum cni_code all[] = {
		CNI_CODE_VERSION, CNI_CODE_ENVIRONMENT, CNI_CODE_IO,       CNI_CODE_DECODING,
		CNI_CODE_CONFIG,  CNI_CODE_TRY_LATER,   CNI_CODE_DOCUMENT, CNI_CODE_RULES,
		CNI_CODE_HOST,    CNI_CODE_DIFFERENCE,  CNI_CODE_KERNEL,
	};
	struct err failure = {0}, err = {0};

	err_set(&failure, EINVAL, "x");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		CLEANUP(freep) char *text = NULL;

		CU_ASSERT_FATAL(cni_result_error("1.1.0", all[i], &failure, &text, &err) == 0);
		json_auto_t *object = json_loads(text, 0, NULL);
		CU_ASSERT(json_integer_value(json_object_get(object, "code")) == (int)all[i]);
		CU_ASSERT(json_string_length(json_object_get(object, "details")) > 0);
	}
}

static void test_versions(void)
{
	json_auto_t *answer = json_loads(cni_result_versions(), 0, NULL);
	json_t *version;
	size_t i;

	ASSERT_TEXT("newest", json_string_value(json_object_get(answer, "cniVersion")), "1.1.0");
	CU_ASSERT(json_array_size(json_object_get(answer, "supportedVersions")) == 5);
	json_array_foreach(json_object_get(answer, "supportedVersions"), i, version)
		ASSERT_TEXT("listed", cni_result_version(json_string_value(version)),
			    json_string_value(version));
	CU_ASSERT(cni_result_version("0.2.0") == NULL);
	CU_ASSERT(cni_result_version("1.2.0") == NULL);
	CU_ASSERT(cni_result_version("") == NULL);
}

static int make_error(const void *input, struct err *err)
{
	CLEANUP(freep) char *text = NULL;

	return cni_result_error("1.1.0", CNI_CODE_RULES, input, &text, err);
}

static void test_allocations(void)
{
	struct err failure = {0};

	err_set(&failure, EPERM, "not permitted");
	alloc_fail_sweep("error object", make_error, &failure);
}

static CU_TestInfo tests[] = {{"codes", test_codes},
			      {"the error object", test_error},
			      {"bytes that are no text", test_error_of_bytes},
			      {"every code has a meaning", test_meanings},
			      {"versions", test_versions},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/cni_result", tests)
