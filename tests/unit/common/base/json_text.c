/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/json_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

static void test_text(void)
{
	json_auto_t *value = quoted_json("{'b':[1,2.5,null,'\\u0000'],'a':{}}");
	CLEANUP(freep) char *text = json_text(value, JSON_COMPACT);
	CLEANUP(freep) char *sorted = json_text(value, JSON_COMPACT | JSON_SORT_KEYS);
	CLEANUP(freep) char *any = json_text(json_true(), JSON_ENCODE_ANY);

	ASSERT_TEXT("value", text, "{\"b\":[1,2.5,null,\"\\u0000\"],\"a\":{}}");
	ASSERT_TEXT("sorted", sorted, "{\"a\":{},\"b\":[1,2.5,null,\"\\u0000\"]}");
	ASSERT_TEXT("any", any, "true");
	CU_ASSERT_PTR_NULL(json_text(json_true(), 0));
	CU_ASSERT_PTR_NULL(json_text(NULL, JSON_ENCODE_ANY));
}

static int make(const void *input, char **ret_outcome, struct err *err)
{
	*ret_outcome = json_text(input, JSON_COMPACT | JSON_SORT_KEYS);
	return *ret_outcome != NULL ? 0 : err_set(err, ENOMEM, "out of memory");
}

/* Keys of every length: each time that the text has to grow it is a key that finds no room. */
static void test_out_of_memory(void)
{
	char key[200] = "";

	for (size_t length = 1; length < sizeof(key); length++) {
		json_auto_t *value = NULL;

		key[length - 1] = 'k';
		value = json_pack("{s:i, s:{s:i}}", key, 1, "z", key, 2);
		alloc_fail_sweep_outcome(key, make, value);
	}
}

static CU_TestInfo tests[] = {
	{"values as text", test_text},
	{"no key is left out when memory ends", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/json_text", tests)
