/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/strbuf.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static void test_append(void)
{
	CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;

	strbuf_puts(&buf, "");
	ASSERT_TEXT("nothing is a text too", buf.data, "");
	strbuf_puts(&buf, "ab");
	strbuf_append(&buf, "cdefg", 2);
	strbuf_printf(&buf, "-%d%s", 7, "%");
	ASSERT_TEXT("appended", buf.data, "abcd-7%");
	CU_ASSERT(buf.length == 7 && !buf.is_failed);
}

static void test_nul(void)
{
	CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;

	strbuf_append(&buf, "a\0b", 3);
	CU_ASSERT(buf.length == 3);
	CU_ASSERT(memcmp(buf.data, "a\0b", 4) == 0);
}

/* Every length around those at which the buffer grows. */
static void test_growth(void)
{
	CLEANUP(strbuf_release) struct strbuf bytes = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf texts = STRBUF_INIT;

	for (size_t i = 0; i < 5000; i++) {
		char c = (char)('a' + i % 26);

		strbuf_append(&bytes, &c, 1);
		strbuf_printf(&texts, "%c", c);
		if (strlen(bytes.data) != i + 1 || strcmp(bytes.data, texts.data) != 0)
			CU_FAIL_FATAL("a byte was lost");
	}
	CU_ASSERT(bytes.length == 5000 && bytes.capacity < 3 * 5000);
	strbuf_append(&texts, bytes.data, bytes.length);
	CU_ASSERT(texts.length == 10000 && strcmp(texts.data + 5000, bytes.data) == 0);
}

/* Texts of every length around the room that there is. */
static void test_printf(void)
{
	static const char DIGITS[] = "0123456789";

	for (int length = 0; length < 400; length++) {
		CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;

		strbuf_puts(&buf, DIGITS);
		strbuf_printf(&buf, "%*d", length, 7);
		strbuf_printf(&buf, "%s", DIGITS);
		size_t printed = length > 0 ? (size_t)length : 1;
		CU_ASSERT_FATAL(buf.length == 2 * strlen(DIGITS) + printed);
		CU_ASSERT(strlen(buf.data) == buf.length && buf.length < buf.capacity);
		ASSERT_TEXT("printed", buf.data + buf.length - strlen(DIGITS) - 1, "70123456789");
	}
}

static void test_finish(void)
{
	struct strbuf buf = STRBUF_INIT;
	CLEANUP(freep) char *empty = NULL;
	CLEANUP(freep) char *text = NULL;
	struct err err = {0};

	CU_ASSERT(strbuf_finish(&buf, &empty, &err) == 0);
	ASSERT_TEXT("never NULL", empty, "");
	strbuf_puts(&buf, "x");
	CU_ASSERT(strbuf_finish(&buf, &text, &err) == 0);
	ASSERT_TEXT("handed over", text, "x");
	CU_ASSERT(buf.data == NULL && buf.length == 0 && buf.capacity == 0);
}

/* A length that no memory can hold is a failure that stays, and not an overflow. */
static void test_failure_stays(void)
{
	CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;
	char *text = NULL;
	struct err err = {0};

	strbuf_puts(&buf, "ab");
	/* Never read: the length is refused first. */
	strbuf_append(&buf, "x", SIZE_MAX - 1);
	CU_ASSERT(buf.is_failed);
	strbuf_puts(&buf, "c");
	strbuf_printf(&buf, "%d", 1);
	ASSERT_TEXT("nothing more is appended", buf.data, "ab");
	CU_ASSERT(strbuf_finish(&buf, &text, &err) == -ENOMEM);
	CU_ASSERT(text == NULL && buf.data == NULL && !buf.is_failed);
}

static int build(const void *input, struct err *err)
{
	struct strbuf buf = STRBUF_INIT;
	CLEANUP(freep) char *text = NULL;

	for (size_t i = 0; i < 100; i++) {
		strbuf_puts(&buf, input);
		strbuf_printf(&buf, "%zu", i);
	}
	return strbuf_finish(&buf, &text, err);
}

static void test_allocations(void)
{
	alloc_fail_sweep("a long text", build, "0123456789");
}

static CU_TestInfo tests[] = {{"append", test_append},
			      {"NULs are bytes", test_nul},
			      {"growth", test_growth},
			      {"printing, a text of any length", test_printf},
			      {"finish", test_finish},
			      {"a failure stays", test_failure_stays},
			      {"failing allocations", test_allocations},
			      CU_TEST_INFO_NULL};
SUITE("common/base/strbuf", tests)
