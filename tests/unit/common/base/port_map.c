/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/port_map.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/common/base/list_rows.h"
#include "tests/unit/suite.h"

#define PAIR(text) "'" text "' is no pair of ports: expected DESTINATION:PROXY, such as 12220:15003"

static const struct list_row good[] = {
	{"", ""},
	{"12220:12220", "12220:12220"},
	{"12220:15003,80:15004", "80:15004,12220:15003"},
	{"80:15004,12220:15003", "80:15004,12220:15003"},
	{" 80:1 , 81:1 ", "80:1,81:1"},
	{"80:1,80:1", "80:1"},
	{"2:2,3:3,1:1,65535:65535", "1:1,2:2,3:3,65535:65535"},
};

static int parse_and_format(const void *input, char **ret_text, struct err *err)
{
	CLEANUP(port_map_release) struct port_map map = {0};
	struct strbuf out = STRBUF_INIT;
	int r = port_map_parse(input, &map, err);

	if (r < 0)
		return r;
	port_map_format(&map, &out);
	return strbuf_finish(&out, ret_text, err);
}

static void test_good(void)
{
	list_rows_check(good, sizeof(good) / sizeof(*good), parse_and_format);
}

static const struct {
	const char *text;
	int code;
	const char *message;
} bad[] = {
	{"80", -EINVAL, PAIR("80")},
	{"80:1,", -EINVAL, PAIR("")},
	{"80-90", -EINVAL, PAIR("80-90")},
	{"*", -EINVAL, PAIR("*")},
	{"80:", -EINVAL, "port: '' is not a number from 1 to 65535"},
	{":80", -EINVAL, "port: '' is not a number from 1 to 65535"},
	{"80:1:2", -EINVAL, "port: '1:2' is not a number from 1 to 65535"},
	{"80 : 1", -EINVAL, "port: '80 ' is not a number from 1 to 65535"},
	{"0:1", -ERANGE, "port: '0' is not in 1 to 65535"},
	{"1:0", -ERANGE, "port: '0' is not in 1 to 65535"},
	{"65536:1", -ERANGE, "port: '65536' is not in 1 to 65535"},
	{"1:65536", -ERANGE, "port: '65536' is not in 1 to 65535"},
	{"80:1,81:1,80:2", -EINVAL, "port 80 goes to two proxy ports, 1 and 2"},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct port_map map = {.count = 7};
		struct err err = {0};

		ASSERT_ROW(bad[i].text, port_map_parse(bad[i].text, &map, &err) == bad[i].code);
		ASSERT_TEXT(bad[i].text, err.msg, bad[i].message);
		ASSERT_ROW(bad[i].text, map.count == 7);
	}
}

static int put_all(const void *input, char **ret_text, struct err *err)
{
	CLEANUP(port_map_release) struct port_map map = {0};
	CLEANUP(port_map_release) struct port_map other = {0};
	struct strbuf out = STRBUF_INIT;
	int r = port_map_parse("80:1,443:2", &map, err);

	if (r == 0)
		r = port_map_parse(input, &other, err);
	if (r == 0)
		r = port_map_put_all(&map, &other, err);
	if (r < 0)
		return r;
	port_map_format(&map, &out);
	return strbuf_finish(&out, ret_text, err);
}

static void test_put_all(void)
{
	CLEANUP(freep) char *text = NULL;
	struct err err = {0};

	CU_ASSERT(put_all("443:3,25:4,444:5", &text, &err) == 0);
	ASSERT_TEXT("the later wins", text, "25:4,80:1,443:3,444:5");
}

static void test_bound(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(port_map_release) struct port_map map = {0};
	CLEANUP(port_map_release) struct port_map other = {0};
	struct port_map untouched = {0};
	struct err err = {0};

	strbuf_puts(&text, "1:7");
	for (int i = 2; i <= PORT_MAP_MAX; i++)
		strbuf_printf(&text, ",%d:7", i);
	CU_ASSERT_FATAL(port_map_parse(text.data, &map, &err) == 0);
	CU_ASSERT(map.count == PORT_MAP_MAX);
	strbuf_puts(&text, ",65535:7");
	CU_ASSERT(port_map_parse(text.data, &untouched, &err) == -E2BIG);
	ASSERT_TEXT("too many", err.msg, "more than 1024 ports in one map");
	CU_ASSERT_FATAL(port_map_parse("7:8", &other, &err) == 0);
	CU_ASSERT(port_map_put_all(&map, &other, &err) == 0);
	other.items[0].destination = 65535;
	CU_ASSERT(port_map_put_all(&map, &other, &err) == -E2BIG);
}

static void test_allocations(void)
{
	alloc_fail_sweep_outcome("parse and format", parse_and_format, "2:2,1:1,3:3,2:2");
	alloc_fail_sweep_outcome("put all", put_all, "443:3,25:4,444:5");
}

static CU_TestInfo tests[] = {
	{"maps and their canonical form", test_good}, {"what is no map", test_bad},
	{"putting a map over another", test_put_all}, {"the bound", test_bound},
	{"failing allocations", test_allocations},    CU_TEST_INFO_NULL};
SUITE("common/base/port_map", tests)
