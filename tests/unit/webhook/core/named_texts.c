/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/named_texts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static void test_one_name(void)
{
	CLEANUP(named_texts_release) struct named_texts texts = {0};

	CU_ASSERT_PTR_NULL(named_texts_find(&texts, "a"));
	CU_ASSERT(!named_texts_remove(&texts, "a"));
	CU_ASSERT(named_texts_put(&texts, "a", "one"));
	ASSERT_TEXT("put", named_texts_find(&texts, "a"), "one");
	CU_ASSERT(named_texts_put(&texts, "a", ""));
	ASSERT_TEXT("replaced", named_texts_find(&texts, "a"), "");
	ASSERT_TEXT("as an entry", texts.entries[0], "a");
	CU_ASSERT_EQUAL(texts.count, 1);
	CU_ASSERT_PTR_NULL(named_texts_find(&texts, ""));
	CU_ASSERT_PTR_NULL(named_texts_find(&texts, "aa"));
	CU_ASSERT(named_texts_remove(&texts, "a"));
	CU_ASSERT(!named_texts_remove(&texts, "a"));
	CU_ASSERT_EQUAL(texts.count, 0);
}

/* In an order of no meaning; each is where it was put, and they stand sorted. */
static void test_many(void)
{
	enum { NAMES = 2003, STEP = 1234 };
	CLEANUP(named_texts_release) struct named_texts texts = {0};
	char name[32];

	for (unsigned int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "name-%u", i * STEP % NAMES);
		CU_ASSERT(named_texts_put(&texts, name, name));
	}
	CU_ASSERT_EQUAL(texts.count, NAMES);
	for (unsigned int i = 0; i < NAMES; i += 2) {
		snprintf(name, sizeof(name), "name-%u", i);
		CU_ASSERT(named_texts_remove(&texts, name));
	}
	for (unsigned int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "name-%u", i);
		const char *found = named_texts_find(&texts, name);
		ASSERT_ROW(name,
			   i % 2 == 0 ? found == NULL : found != NULL && strcmp(found, name) == 0);
	}
	for (size_t i = 1; i < texts.count; i++)
		ASSERT_ROW(texts.entries[i], strcmp(texts.entries[i - 1], texts.entries[i]) < 0);
}

/* A name whose text could not be put has none, not even the one before. */
static int attempt(const void *input, struct err *err)
{
	CLEANUP(named_texts_release) struct named_texts texts = {0};
	bool is_first = named_texts_put(&texts, "a", "before");
	bool is_second = named_texts_put(&texts, "a", "after");
	const char *found = named_texts_find(&texts, "a");

	(void)input;
	CU_ASSERT(is_second ? strcmp(found, "after") == 0 : found == NULL);
	return is_first && is_second ? 0 : err_set(err, ENOMEM, "out of memory");
}

static void test_out_of_memory(void)
{
	alloc_fail_sweep("two texts", attempt, NULL);
}

static CU_TestInfo tests[] = {
	{"one name", test_one_name},
	{"many names", test_many},
	{"memory may end anywhere", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/named_texts", tests)
