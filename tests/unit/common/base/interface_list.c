/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/interface_list.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/common/base/list_rows.h"
#include "tests/unit/suite.h"

#define ONLY(name) \
	"'" name "' is no interface: expected a name such as eth1, of at most 15 characters"

static const struct list_row good[] = {
	{"", ""},
	{"eth1", "eth1"},
	{"net1,eth1", "net1,eth1"},
	{" net1 , eth1 ", "net1,eth1"},
	{"net1,eth1,net1", "net1,eth1"},
	{"abcdefghijklmno", "abcdefghijklmno"},
	{"k6t-eth0,br_0,eth0.100,...", "k6t-eth0,br_0,eth0.100,..."},
	{"lo0,loo,l,!~", "lo0,loo,l,!~"},
};

static int parse_and_format(const void *input, char **ret_text, struct err *err)
{
	CLEANUP(interface_list_release) struct interface_list list = {0};
	struct strbuf out = STRBUF_INIT;
	int r = interface_list_parse(input, &list, err);

	if (r < 0)
		return r;
	interface_list_format(&list, &out);
	return strbuf_finish(&out, ret_text, err);
}

static void test_good(void)
{
	list_rows_check(good, sizeof(good) / sizeof(*good), parse_and_format);
}

static const struct {
	const char *text;
	const char *message;
} bad[] = {
	{",", ONLY("")},
	{"eth1,", ONLY("")},
	{" ", ONLY("")},
	{".", ONLY(".")},
	{"..", ONLY("..")},
	{"abcdefghijklmnop", ONLY("abcdefghijklmnop")},
	{"eth1 eth2", ONLY("eth1 eth2")},
	{"eth+", ONLY("eth+")},
	{"a/b", ONLY("a/b")},
	{"eth0:1", ONLY("eth0:1")},
	{"a\"b", ONLY("a\"b")},
	{"a\\b", ONLY("a\\b")},
	{"a\x7f", ONLY("a\x7f")},
	{"\xc3\xa4", ONLY("\xc3\xa4")},
	{"lo", "'lo' can not be named: what a pod says to itself is never captured"},
	{"eth1,lo", "'lo' can not be named: what a pod says to itself is never captured"},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct interface_list list = {.count = 7};
		struct err err = {0};

		ASSERT_ROW(bad[i].text, interface_list_parse(bad[i].text, &list, &err) == -EINVAL);
		ASSERT_TEXT(bad[i].text, err.msg, bad[i].message);
		ASSERT_ROW(bad[i].text, list.count == 7);
	}
}

/* Rules compare names whole, with all their bytes. */
static void test_padding(void)
{
	static const char zeros[INTERFACE_NAME_SIZE];
	CLEANUP(interface_list_release) struct interface_list list = {0};
	struct err err = {0};

	CU_ASSERT_FATAL(interface_list_parse("abcdefghij,eth1", &list, &err) == 0);
	CU_ASSERT(memcmp(list.items[1].text + 4, zeros, INTERFACE_NAME_SIZE - 4) == 0);
}

static void test_contains(void)
{
	CLEANUP(interface_list_release) struct interface_list list = {0};
	struct err err = {0};

	CU_ASSERT(!interface_list_contains(&list, "eth1"));
	CU_ASSERT_FATAL(interface_list_parse("net1,eth1", &list, &err) == 0);
	CU_ASSERT(interface_list_contains(&list, "net1"));
	CU_ASSERT(interface_list_contains(&list, "eth1"));
	CU_ASSERT(!interface_list_contains(&list, "eth"));
	CU_ASSERT(!interface_list_contains(&list, "eth11"));
}

static void test_add_all(void)
{
	CLEANUP(interface_list_release) struct interface_list list = {0};
	CLEANUP(interface_list_release) struct interface_list other = {0};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err err = {0};

	CU_ASSERT_FATAL(interface_list_parse("b,a", &list, &err) == 0);
	CU_ASSERT_FATAL(interface_list_parse("c,a", &other, &err) == 0);
	CU_ASSERT(interface_list_add_all(&list, &other, &err) == 0);
	interface_list_format(&list, &out);
	ASSERT_TEXT("all", out.data, "b,a,c");
}

static void test_bound(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(interface_list_release) struct interface_list list = {0};
	CLEANUP(interface_list_release) struct interface_list other = {0};
	struct interface_list untouched = {0};
	struct err err = {0};

	strbuf_puts(&text, "n0");
	for (int i = 1; i < INTERFACE_LIST_MAX; i++)
		strbuf_printf(&text, ",n%d", i);
	CU_ASSERT_FATAL(interface_list_parse(text.data, &list, &err) == 0);
	CU_ASSERT(list.count == INTERFACE_LIST_MAX);
	strbuf_puts(&text, ",more");
	CU_ASSERT(interface_list_parse(text.data, &untouched, &err) == -E2BIG);
	ASSERT_TEXT("too many", err.msg, "more than 64 interfaces in one list");
	CU_ASSERT_FATAL(interface_list_parse("more", &other, &err) == 0);
	CU_ASSERT(interface_list_add_all(&list, &other, &err) == -E2BIG);
}

static int add_all(const void *input, char **ret_text, struct err *err)
{
	CLEANUP(interface_list_release) struct interface_list list = {0};
	CLEANUP(interface_list_release) struct interface_list other = {0};
	struct strbuf out = STRBUF_INIT;
	int r = interface_list_parse("a,b", &list, err);

	if (r == 0)
		r = interface_list_parse(input, &other, err);
	if (r == 0)
		r = interface_list_add_all(&list, &other, err);
	if (r < 0)
		return r;
	interface_list_format(&list, &out);
	return strbuf_finish(&out, ret_text, err);
}

static void test_allocations(void)
{
	alloc_fail_sweep_outcome("parse and format", parse_and_format, "a,b,c,a,d");
	alloc_fail_sweep_outcome("add all", add_all, "b,c,d");
}

static CU_TestInfo tests[] = {{"lists and their canonical form", test_good},
			      {"what is no list", test_bad},
			      {"a name is zero behind its end", test_padding},
			      {"contains", test_contains},
			      {"adding a list", test_add_all},
			      {"the bound", test_bound},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("common/base/interface_list", tests)
