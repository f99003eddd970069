/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/pod_nameservers.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define POD(nameservers) "{'spec': {'dnsConfig': {'nameservers': " nameservers "}}}"
#define NONE(text)                                                                              \
	"'" text "' of the pod's dnsConfig.nameservers is no address, and DNS that goes there " \
	"is to be captured"

static const struct {
	const char *pod, *servers, *result, *error;
} ROWS[] = {
	{"{'spec': {}}", "10.96.0.10", "10.96.0.10", ""},
	{"{'spec': {'dnsConfig': {'searches': ['x']}}}", "10.96.0.10", "10.96.0.10", ""},
	{"{'spec': {'dnsConfig': 7}}", "10.96.0.10", "10.96.0.10", ""},
	{POD("['1.1.1.1', 'fd00::a', '10.96.0.10']"), "10.96.0.10", "10.96.0.10,1.1.1.1,fd00::a",
	 ""},
	{POD("['1.1.1.1', 'fd00::a']"), "0.0.0.0/0,::/0", "0.0.0.0/0,::/0", ""},
	{POD("['1.1.1.1', 'fd00::a']"), "0.0.0.0/0", "0.0.0.0/0,fd00::a", ""},
	{POD("['1.1.1.1', 'fd00::a']"), "::/0", "::/0,1.1.1.1", ""},
	{POD("['dns.example']"), "::/0", "::/0", NONE("dns.example")},
	{POD("['10.0.0.0/8']"), "::/0", "::/0", NONE("10.0.0.0/8")},
	{POD("[7]"), "::/0", "::/0", NONE("")},
};

static int add(const char *servers, json_t *pod, char **ret_text, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list list = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err memory = {0};
	int r = cidr_list_parse(servers, &list, err);

	if (r == 0)
		r = pod_nameservers_add(pod, &list, err);
	cidr_list_format(&list, &out);
	return strbuf_finish(&out, ret_text, &memory) < 0 ? -ENOMEM : r;
}

static void test_add(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		json_auto_t *pod = quoted_json(ROWS[i].pod);
		CLEANUP(freep) char *text = NULL;
		struct err err = {0};
		int r = add(ROWS[i].servers, pod, &text, &err);

		ASSERT_ROW(ROWS[i].pod, r == (*ROWS[i].error == '\0' ? 0 : -EINVAL));
		ASSERT_TEXT(ROWS[i].pod, err.msg, ROWS[i].error);
		ASSERT_TEXT(ROWS[i].pod, text, ROWS[i].result);
	}
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list list = {0};

	return pod_nameservers_add(input, &list, err);
}

static void test_out_of_memory(void)
{
	json_auto_t *pod = quoted_json(POD("['1.1.1.1', '1.1.1.2', 'fd00::a']"));

	alloc_fail_sweep("nameservers", attempt, pod);
}

static CU_TestInfo tests[] = {
	{"a pod's own servers are captured too", test_add},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/pod_nameservers", tests)
