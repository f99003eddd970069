/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/network_list.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

#define OF "annotation 'k8s.v1.cni.cncf.io/networks' of the "

static const struct row {
	const char *own, *profiles;
	const char *joined; /* NULL: there is nothing to add */
	const char *error;
} ROWS[] = {
	{"", "a", "a", ""},
	{" ", "[{\"name\": \"a, b\"}]", "[{\"name\": \"a, b\"}]", ""},
	{"a", "", NULL, ""},
	{"[]", " ", NULL, ""},
	{"a", "a", NULL, ""},
	{"a,b@net1", " b@net1 ,a", NULL, ""},
	{"a", "b", "a, b", ""},
	{"ns/a@net1 ,b", "b,ns/a,c", "ns/a@net1 ,b, ns/a, c", ""},
	{"[{\"name\":\"a\"}]", "[{\"name\":\"a\"}]", NULL, ""},
	{" [{\"name\":\"a\",\"mac\":\"x\"}]", "[{\"name\":\"a\"},{\"name\":\"b\"}]",
	 "[{\"name\":\"a\",\"mac\":\"x\"},{\"name\":\"a\"},{\"name\":\"b\"}]", ""},
	{"a", "[]", NULL,
	 OF "pod is a comma list, and that of the profile a JSON list: write the pod's as the "
	    "profile's"},
	{"[]", "a", NULL,
	 OF "pod is a JSON list, and that of the profile a comma list: write the pod's as the "
	    "profile's"},
	{"[", "[]", NULL, OF "pod begins as a JSON list, and is none: "},
	{"[]", "[x]", NULL, OF "profile begins as a JSON list, and is none: "},
};

static void test_join(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct row *row = &ROWS[i];
		CLEANUP(freep) char *joined = NULL;
		struct err err = {0};
		int r = network_list_join(row->own, row->profiles, &joined, &err);

		ASSERT_ROW(row->own, r == (*row->error == '\0' ? 0 : -EINVAL));
		ASSERT_ROW(row->own, strncmp(err.msg, row->error, strlen(row->error)) == 0);
		ASSERT_TEXT(row->own, joined != NULL ? joined : "(nothing)",
			    row->joined != NULL ? row->joined : "(nothing)");
	}
}

static int attempt(const void *input, struct err *err)
{
	const struct row *row = input;
	CLEANUP(freep) char *joined = NULL;

	return network_list_join(row->own, row->profiles, &joined, err);
}

static void test_out_of_memory(void)
{
	const struct row names = {"a", "b", NULL, ""};

	/* jansson does not say that it was memory which a text could not be read for. */
	alloc_fail_sweep("names", attempt, &names);
}

static CU_TestInfo tests[] = {
	{"the profile's networks are added", test_join},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/network_list", tests)
