/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/redirect_list.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

static const struct redirect_list *list_of(const char *member)
{
	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++) {
		if (strcmp(REDIRECT_LISTS[i].member, member) == 0)
			return &REDIRECT_LISTS[i];
	}
	CU_FAIL_FATAL("no such list");
	return NULL;
}

/* The list's text in the spec; the caller frees it. */
static char *text_of(const struct redirect_list *list, const struct redirect_spec *spec)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const void *value = (const char *)spec + list->offset;
	char *text = NULL;
	struct err err = {0};

	if (list->kind == REDIRECT_LIST_CIDRS)
		cidr_list_format(value, &out);
	else if (list->kind == REDIRECT_LIST_INTERFACES)
		interface_list_format(value, &out);
	else if (list->kind == REDIRECT_LIST_PORT_MAP)
		port_map_format(value, &out);
	else
		range_list_format(value, &out);
	CU_ASSERT_EQUAL(strbuf_finish(&out, &text, &err), 0);
	return text;
}

static const struct {
	const char *member, *first, *second;
	const char *result;
	const char *error;
} ROWS[] = {
	{"includeInboundPorts", "80", "443,8000-8010", "443,8000-8010", ""},
	{"includeOutboundPorts", "80", "*", "1-65535", ""},
	{"includeOutboundCidrs", "10.0.0.0/8", "*", "0.0.0.0/0,::/0", ""},
	{"includeOutboundPorts", "80", " * ", "1-65535", ""},
	{"includeOutboundPorts", "80", "*,*", "80", "'*' stands alone, or not at all"},
	{"includeOutboundCidrs", "*", "fd00::/8", "fd00::/8", ""},
	{"includeOutboundCidrs", "10.0.0.0/8", "", "", ""},
	{"excludeInboundPorts", "80", "443, 81", "80-81,443", ""},
	{"excludeOutboundPorts", "80", "80", "80", ""},
	{"excludeInboundCidrs", "10.0.0.0/8", "::1,10.0.0.0/8", "10.0.0.0/8,::1", ""},
	{"excludeOutboundCidrs", "::/0", "1.2.3.4", "::/0,1.2.3.4", ""},
	{"excludeUids", "0", "4294967294", "0,4294967294", ""},
	{"excludeGids", "5", "1-9", "1-9", ""},
	{"excludeGids", "5", "*", "5", "'*' may only stand in an include list"},
	{"excludeInboundCidrs", "::1", "10.0.0.0/8,*", "::1",
	 "'*' may only stand in an include list"},
	{"includeInboundPorts", "5", "*,80", "5", "'*' stands alone, or not at all"},
	{"includeInboundPorts", "5", "0", "5", "port: '0' is not in 1 to 65535"},
	{"excludeInboundPorts", "5", "80,,90", "5", "port: '' is not a number from 1 to 65535"},
	{"excludeUids", "5", "4294967295", "5", "id: '4294967295' is not in 0 to 4294967294"},
	{"excludeInterfaces", "net2,net1", "net1, net3", "net2,net1,net3", ""},
	{"rerouteInterfaces", "", "k6t-eth0", "k6t-eth0", ""},
	{"excludeInterfaces", "net1", "*", "net1", "'*' may only stand in an include list"},
	{"rerouteInterfaces", "net1", "lo", "net1",
	 "'lo' can not be named: what a pod says to itself is never captured"},
	{"portMap", "80:1,443:2", "443:3,25:4", "25:4,80:1,443:3", ""},
	{"portMap", "80:1", "443", "80:1",
	 "'443' is no pair of ports: expected DESTINATION:PROXY, such as 12220:15003"},
	{"excludeOutboundCidrs", "::1", "10.0.0.1/8", "::1",
	 "'10.0.0.1/8' has bits set behind its prefix: write 10.0.0.0/8"},
};

static void test_apply(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
		const struct redirect_list *list = list_of(ROWS[i].member);
		struct err err = {0};

		CU_ASSERT_EQUAL(redirect_list_apply(list, ROWS[i].first, &spec, &err), 0);
		int r = redirect_list_apply(list, ROWS[i].second, &spec, &err);
		CLEANUP(freep) char *text = text_of(list, &spec);
		ASSERT_ROW(ROWS[i].second, (r == 0) == (*ROWS[i].error == '\0'));
		ASSERT_TEXT(ROWS[i].second, err.msg, ROWS[i].error);
		ASSERT_TEXT(ROWS[i].second, text, ROWS[i].result);
	}
}

/* Each list is within its bound, but together they are not. */
static void test_joined_bound(void)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct redirect_list *list = list_of("excludeInboundPorts");
	struct err err = {0};

	for (unsigned int i = 0; i < RANGE_LIST_MAX; i++)
		strbuf_printf(&text, "%s%u", i > 0 ? "," : "", 2 * i + 10);
	CU_ASSERT_EQUAL(redirect_list_apply(list, "1,3", &spec, &err), 0);
	CU_ASSERT_EQUAL(redirect_list_apply(list, text.data, &spec, &err), -E2BIG);
	ASSERT_TEXT("joined", err.msg,
		    "with the profile's there are 1026 ranges, at most 1024 fit");
}

static void test_longest(void)
{
	json_auto_t *annotations = json_pack("{s:s, s:s}", "sidewire.io/exclude-uids", "1,2",
					     "sidewire.io/exclude-outbound-cidrs", "10.0.0.0/8");

	ASSERT_TEXT("longest", redirect_list_longest(annotations),
		    "sidewire.io/exclude-outbound-cidrs");
}

static void test_all_and_copy(void)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(redirect_spec_release) struct redirect_spec copy = {0};
	struct err err = {0};

	CU_ASSERT_EQUAL(redirect_list_include_all(&spec, &err), 0);
	CU_ASSERT_EQUAL(redirect_list_apply(list_of("excludeGids"), "7", &spec, &err), 0);
	CU_ASSERT_EQUAL(redirect_list_apply(list_of("excludeInterfaces"), "a", &spec, &err), 0);
	CU_ASSERT_EQUAL(redirect_list_apply(list_of("portMap"), "1:2", &spec, &err), 0);
	CU_ASSERT_EQUAL(redirect_list_add_all(&copy, &spec, &err), 0);
	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++) {
		const struct redirect_list *list = &REDIRECT_LISTS[i];
		CLEANUP(freep) char *text = text_of(list, &spec);
		CLEANUP(freep) char *copied = text_of(list, &copy);

		ASSERT_ROW(list->member,
			   (*text != '\0') ==
				   (list->is_include || strcmp(list->member, "excludeGids") == 0 ||
				    strcmp(list->member, "excludeInterfaces") == 0 ||
				    strcmp(list->member, "portMap") == 0));
		ASSERT_TEXT(list->member, copied, text);
	}
}

static CU_TestInfo tests[] = {
	{"include lists replace, others add", test_apply},
	{"all is included, and copied", test_all_and_copy},
	{"a bound for the profile's and the pod's together", test_joined_bound},
	{"the longest is known", test_longest},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/redirect_list", tests)
