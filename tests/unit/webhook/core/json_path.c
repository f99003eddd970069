/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/json_path.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

static const struct json_path SPEC = {.member = "spec"};
static const struct json_path CONTAINERS = {.parent = &SPEC, .member = "containers"};
static const struct json_path SECOND = {.parent = &CONTAINERS, .index = 1};
static const struct json_path STRANGE = {.parent = &SECOND, .member = "~a/~1//b~"};
static const struct json_path EMPTY = {.parent = &SPEC, .member = ""};
static const struct json_path FIRST = {.index = 0};

struct row {
	const char *name;
	const struct json_path *path;
	const char *pointer;
	const char *dotted;
};

static const struct row ROWS[] = {
	{"member", &SPEC, "/spec", "spec"},
	{"element", &SECOND, "/spec/containers/1", "spec.containers[1]"},
	{"escaped", &STRANGE, "/spec/containers/1/~0a~1~01~1~1b~0", "spec.containers[1].~a/~1//b~"},
	{"empty member", &EMPTY, "/spec/", "spec."},
	{"element of the root", &FIRST, "/0", "[0]"},
};

static void test_text(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(strbuf_release) struct strbuf pointer = STRBUF_INIT;
		CLEANUP(strbuf_release) struct strbuf dotted = STRBUF_INIT;

		json_path_pointer(ROWS[i].path, &pointer);
		ASSERT_TEXT(ROWS[i].name, pointer.data, ROWS[i].pointer);
		json_path_dotted(ROWS[i].path, &dotted);
		ASSERT_TEXT(ROWS[i].name, dotted.data, ROWS[i].dotted);
	}
}

static void test_root(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	json_path_pointer(NULL, &text);
	json_path_dotted(NULL, &text);
	CU_ASSERT(text.length == 0);
}

static void test_wrap(void)
{
	struct err err = {0};

	err_set(&err, EINVAL, "is wrong");
	CU_ASSERT(json_path_wrap(NULL, &err) == -EINVAL);
	ASSERT_TEXT("root", err.msg, "is wrong");
	CU_ASSERT(json_path_wrap(&SECOND, &err) == -EINVAL);
	ASSERT_TEXT("element", err.msg, "spec.containers[1]: is wrong");
}

static CU_TestInfo tests[] = {
	{"pointer and dotted form", test_text},
	{"the root", test_root},
	{"before a message", test_wrap},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/json_path", tests)
