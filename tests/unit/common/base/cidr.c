/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/cidr.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text;
	const char *canonical;
	bool is_v6;
	uint8_t prefix_length;
} good[] = {
	{"0.0.0.0/0", "0.0.0.0/0", false, 0},
	{"10.0.0.0/8", "10.0.0.0/8", false, 8},
	{"10.128.0.0/9", "10.128.0.0/9", false, 9},
	{"192.168.1.254/31", "192.168.1.254/31", false, 31},
	{"192.168.1.1/32", "192.168.1.1", false, 32},
	{"192.168.1.1", "192.168.1.1", false, 32},
	{"255.255.255.255", "255.255.255.255", false, 32},
	{"::/0", "::/0", true, 0},
	{"fd00::/8", "fd00::/8", true, 8},
	{"FD00:0:0::/33", "fd00::/33", true, 33},
	{"fd00:0:8000::/33", "fd00:0:8000::/33", true, 33},
	{"2001:db8::fe/127", "2001:db8::fe/127", true, 127},
	{"::1", "::1", true, 128},
	{"::1/128", "::1", true, 128},
	{"::6", "::6", true, 128},
	{"::127.0.0.1", "::127.0.0.1", true, 128}, /* RFC 4291's old form, no mapped one */
	{"64:ff9b::10.0.0.0/104", "64:ff9b::a00:0/104", true, 104},
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		struct cidr cidr = {0};
		struct err err = {0};

		ASSERT_ROW(good[i].text,
			   cidr_parse(good[i].text, strlen(good[i].text), &cidr, &err) == 0);
		ASSERT_ROW(good[i].text, cidr.is_v6 == good[i].is_v6);
		ASSERT_ROW(good[i].text, cidr.prefix_length == good[i].prefix_length);
		cidr_format(&cidr, &out);
		ASSERT_TEXT(good[i].text, out.data, good[i].canonical);
	}
}

static const struct {
	const char *text;
	int code;
	const char *message;
} bad[] = {
	{"", -EINVAL, "'' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"*", -EINVAL, "'*' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"10.0.0/8", -EINVAL, "'10.0.0/8' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"10.0.0.256", -EINVAL, "'10.0.0.256' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"010.0.0.0/8", -EINVAL, "'010.0.0.0/8' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"/8", -EINVAL, "'/8' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"fe80::1%eth0", -EINVAL, "'fe80::1%eth0' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"localhost", -EINVAL, "'localhost' is not a CIDR such as 10.0.0.0/8 or fd00::/8"},
	{"10.0.0.0/", -EINVAL, "prefix length of '10.0.0.0/': '' is not a number from 0 to 32"},
	{"10.0.0.0/33", -ERANGE, "prefix length of '10.0.0.0/33': '33' is not in 0 to 32"},
	{"10.0.0.0/08", -EINVAL,
	 "prefix length of '10.0.0.0/08': '08' is not a number from 0 to 32"},
	{"10.0.0.0/255.0.0.0", -EINVAL,
	 "prefix length of '10.0.0.0/255.0.0.0': '255.0.0.0' is not a number from 0 to 32"},
	{"fd00::/129", -ERANGE, "prefix length of 'fd00::/129': '129' is not in 0 to 128"},
	{"10.1.2.3/8", -EINVAL, "'10.1.2.3/8' has bits set behind its prefix: write 10.0.0.0/8"},
	{"10.0.0.1/31", -EINVAL, "'10.0.0.1/31' has bits set behind its prefix: write 10.0.0.0/31"},
	{"10.0.0.1/0", -EINVAL, "'10.0.0.1/0' has bits set behind its prefix: write 0.0.0.0/0"},
	{"fd00::1/64", -EINVAL, "'fd00::1/64' has bits set behind its prefix: write fd00::/64"},
	{"::ffff:10.0.0.0/104", -EINVAL,
	 "'::ffff:10.0.0.0/104' is an IPv4-mapped prefix: write it as IPv4"},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct cidr cidr = {.prefix_length = 77};
		struct err err = {0};

		ASSERT_ROW(bad[i].text, cidr_parse(bad[i].text, strlen(bad[i].text), &cidr, &err) ==
						bad[i].code);
		ASSERT_TEXT(bad[i].text, err.msg, bad[i].message);
		ASSERT_ROW(bad[i].text, cidr.prefix_length == 77);
	}
}

/* Exactly the bytes that are named are looked at; long text is shown in part. */
static void test_length(void)
{
	char text[200];
	struct cidr cidr = {0};
	struct err err = {0};

	CU_ASSERT(cidr_parse("10.0.0.0/8,x", strlen("10.0.0.0/8"), &cidr, &err) == 0);
	CU_ASSERT(cidr_parse("10.0.0.0\0/8", 11, &cidr, &err) == -EINVAL);
	memset(text, '1', sizeof(text));
	CU_ASSERT(cidr_parse(text, sizeof(text), &cidr, &err) == -EINVAL);
	CU_ASSERT(strlen(err.msg) < 100);
}

static void test_predicates(void)
{
	struct cidr v4_all = {0}, v6_all = {.is_v6 = true}, eight = {.prefix_length = 8};

	CU_ASSERT(cidr_is_all(&v4_all) && cidr_is_all(&v6_all) && !cidr_is_all(&eight));
	CU_ASSERT(cidr_equal(&v4_all, &v4_all) && !cidr_equal(&v4_all, &v6_all));
	CU_ASSERT(!cidr_equal(&v4_all, &eight));
	struct cidr other = eight;
	other.addr_be[0] = 1;
	CU_ASSERT(!cidr_equal(&other, &eight));
}

static const struct {
	const char *text;
	bool is_loopback;
} loopbacks[] = {
	{"127.0.0.1", true},    {"127.255.255.255", true}, {"127.0.0.0/8", true}, {"::1", true},
	{"126.0.0.0/7", false}, {"128.0.0.1", false},      {"0.0.0.0/0", false},  {"::", false},
	{"::2", false},         {"::/127", false},         {"7f00::1", false},
};

static void test_loopback(void)
{
	for (size_t i = 0; i < sizeof(loopbacks) / sizeof(*loopbacks); i++) {
		const char *text = loopbacks[i].text;
		struct cidr cidr = {0};
		struct err err = {0};

		ASSERT_ROW(text, cidr_parse(text, strlen(text), &cidr, &err) == 0);
		ASSERT_ROW(text, cidr_is_loopback(&cidr) == loopbacks[i].is_loopback);
	}
}

static const struct {
	const char *text;
	const char *canonical;
} lists[] = {
	{"", ""},
	{"10.0.0.0/8", "10.0.0.0/8"},
	{" fd00::/8 ,10.0.0.0/8", "fd00::/8,10.0.0.0/8"},
	{"10.0.0.0/8,10.0.0.0/8,::/0,10.0.0.0/9", "10.0.0.0/8,::/0,10.0.0.0/9"},
	{"127.0.0.6,127.0.0.6/32,::6", "127.0.0.6,::6"},
};

static void test_lists(void)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		CLEANUP(cidr_list_release) struct cidr_list list = {0};
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		struct err err = {0};

		strbuf_puts(&out, "");
		ASSERT_ROW(lists[i].text, cidr_list_parse(lists[i].text, &list, &err) == 0);
		cidr_list_format(&list, &out);
		ASSERT_TEXT(lists[i].text, out.data, lists[i].canonical);
	}
}

static void test_bad_lists(void)
{
	static const char *const texts[] = {" ", ",", "10.0.0.0/8,", "10.0.0.0/8,,::/0",
					    "::/0 ::/0"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct cidr_list list = {.count = 7};
		struct err err = {0};

		ASSERT_ROW(texts[i], cidr_list_parse(texts[i], &list, &err) == -EINVAL);
		ASSERT_ROW(texts[i], list.count == 7);
	}
}

static void test_bound(void)
{
	CLEANUP(cidr_list_release) struct cidr_list list = {0};
	struct cidr cidr = {.prefix_length = CIDR_V4_BITS};
	struct err err = {0};

	for (unsigned int i = 0; i < CIDR_LIST_MAX; i++) {
		cidr.addr_be[2] = (uint8_t)(i >> 8);
		cidr.addr_be[3] = (uint8_t)i;
		if (cidr_list_add(&list, &cidr, &err) < 0)
			CU_FAIL_FATAL("a full list must be possible");
	}
	CU_ASSERT(list.count == CIDR_LIST_MAX);
	CU_ASSERT(cidr_list_add(&list, &cidr, &err) == 0); /* it is there already */
	cidr.addr_be[0] = 1;
	CU_ASSERT(cidr_list_add(&list, &cidr, &err) == -E2BIG);
	ASSERT_TEXT("too many", err.msg, "more than 4096 prefixes in one list");
	CU_ASSERT(list.count == CIDR_LIST_MAX);
}

/* An item that is repeated is not kept, but it is looked for. */
static void test_bound_of_items(void)
{
	CLEANUP(cidr_list_release) struct cidr_list list = {0};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct err err = {0};

	for (unsigned int i = 0; i < CIDR_LIST_MAX; i++)
		strbuf_puts(&text, i > 0 ? ",::1" : "::1");
	CU_ASSERT(cidr_list_parse(text.data, &list, &err) == 0 && list.count == 1);
	strbuf_puts(&text, ",::1");
	CU_ASSERT(cidr_list_parse(text.data, &list, &err) == -E2BIG);
}

static int parse(const void *input, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list list = {0};

	return cidr_list_parse(input, &list, err);
}

static void test_allocations(void)
{
	alloc_fail_sweep("parse", parse, "10.0.0.0/8,fd00::/8,::6,127.0.0.6");
}

static CU_TestInfo tests[] = {{"prefixes", test_good},
			      {"what is no prefix", test_bad},
			      {"the length is kept", test_length},
			      {"predicates", test_predicates},
			      {"loopback", test_loopback},
			      {"lists", test_lists},
			      {"what is no list", test_bad_lists},
			      {"the bound", test_bound},
			      {"repetitions are bounded", test_bound_of_items},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("common/base/cidr", tests)
