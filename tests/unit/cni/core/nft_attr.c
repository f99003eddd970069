/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_attr.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

static struct nft_rest rest_of(const struct strbuf *buf)
{
	return (struct nft_rest){(const uint8_t *)buf->data, buf->length};
}

static void test_written_and_read(void)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct nft_attr attr;

	nft_put_text(&out, 3, "abc");
	size_t opened = nft_open(&out, 4);
	nft_put_u32(&out, 1, 0x01020304);
	nft_put(&out, 2, "xyzzy", 5);
	nft_close(&out, opened);
	CU_ASSERT_EQUAL(out.length, 8 + 4 + 8 + 12);
	struct nft_rest rest = rest_of(&out);
	ASSERT_TEXT("text", nft_find_text(rest, 3), "abc");
	CU_ASSERT_EQUAL(nft_find_u32(nft_find(rest, 4), 1), 0x01020304);
	CU_ASSERT(memcmp(nft_find(nft_find(rest, 4), 1).bytes, "\1\2\3\4", 4) == 0);
	CU_ASSERT_EQUAL(nft_find(nft_find(rest, 4), 2).length, 5);
	CU_ASSERT(nft_next(&rest, &attr) && attr.type == 3 && !attr.is_nested);
	CU_ASSERT(nft_next(&rest, &attr) && attr.type == 4 && attr.is_nested);
	CU_ASSERT(!nft_next(&rest, &attr));
}

static void test_absent(void)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	nft_put(&out, 1, "no NUL", 6);
	nft_put(&out, 2, "xyz", 3);
	CU_ASSERT_PTR_NULL(nft_find(rest_of(&out), 9).bytes);
	ASSERT_TEXT("none", nft_find_text(rest_of(&out), 9), "");
	ASSERT_TEXT("without end", nft_find_text(rest_of(&out), 1), "");
	CU_ASSERT_EQUAL(nft_find_u32(rest_of(&out), 9), 0);
	CU_ASSERT_EQUAL(nft_find_u32(rest_of(&out), 2), 0);
}

static void test_cut_short(void)
{
	static const struct {
		const char *name;
		uint8_t bytes[8];
		size_t length;
		bool is_whole;
	} ROWS[] = {
		{"nothing", {0}, 0, false},
		{"less than a header", {4, 0, 1}, 3, false},
		{"a header", {4, 0, 1, 0}, 4, true},
		{"shorter than its header", {3, 0, 1, 0}, 4, false},
		{"longer than what is there", {8, 0, 1, 0, 1, 2, 3}, 7, false},
		{"padding cut off", {5, 0, 1, 0, 1}, 5, true},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct nft_rest rest = {ROWS[i].bytes, ROWS[i].length};
		struct nft_attr attr;

		ASSERT_ROW(ROWS[i].name, nft_next(&rest, &attr) == ROWS[i].is_whole);
		ASSERT_ROW(ROWS[i].name, !ROWS[i].is_whole || rest.length == 0);
	}
}

/* Writes attributes told in words: a letter is a type from 'a' as 1, the digit behind it the value;
 * brackets hold a list. */
static void write_words(const char *words, struct strbuf *out)
{
	size_t opened[4];
	size_t depth = 0;

	for (const char *word = words; *word != '\0'; word++) {
		uint16_t type = (uint16_t)(word[0] - 'a' + 1);

		if (word[0] == ']') {
			nft_close(out, opened[--depth]);
		} else if (word[1] == '[') {
			opened[depth++] = nft_open(out, type);
			word++;
		} else {
			nft_put_u32(out, type, (uint32_t)(word[1] - '0'));
			word++;
		}
	}
}

static void test_equal(void)
{
	static const struct {
		const char *expected;
		const char *found;
		bool is_equal;
	} ROWS[] = {
		{"a1b2", "a1b2", true},
		{"a1b2", "b2a1", true},
		{"a1b2", "a1", false},
		{"a1", "a2", false},
		{"a1", "a1b0", true},
		{"a1", "a1b2", false},
		{"a1a2", "a1a2", true},
		{"a1a2", "a2a1", false},
		{"a1a2", "a1a2a0", false},
		{"a1a2a0", "a1a2", false},
		{"c[a1b2]", "c[b2a1]", true},
		{"c[a1]", "c[a1b1]", false},
		{"c[a1]", "c[a1b0]", true},
		{"c[a1]c[a2]", "c[a1]c[a2]", true},
		{"c[a1]c[a2]", "c[a2]c[a1]", false},
		{"c[a[b[a1]]]", "c[a[b[a1]]]", true},
		{"c[a[b[a1]]]", "c[a[b[a2]]]", false},
		{"c[]", "c[]", true},
		{"", "", true},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(strbuf_release) struct strbuf expected = STRBUF_INIT;
		CLEANUP(strbuf_release) struct strbuf found = STRBUF_INIT;

		write_words(ROWS[i].expected, &expected);
		write_words(ROWS[i].found, &found);
		ASSERT_ROW(ROWS[i].found, nft_attrs_equal(rest_of(&expected), rest_of(&found)) ==
						  ROWS[i].is_equal);
	}
}

static CU_TestInfo tests[] = {
	{"written and read", test_written_and_read},
	{"what is not there", test_absent},
	{"cut short", test_cut_short},
	{"the same or not", test_equal},
	CU_TEST_INFO_NULL,
};

SUITE("cni/core/nft_attr", tests)
