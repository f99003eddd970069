/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/json_slice.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name;
	const char *text;
	const char *value; /* of the member "k"; NULL: there is none */
} cases[] = {
	{"the only member", "{\"k\":{}}", "{}"},
	{"blanks stay", "{ \"k\" :\t{ \"a\" : 1.50 }\r\n }", "{ \"a\" : 1.50 }"},
	{"the second of three", "{\"a\":1,\"k\":[1,2],\"z\":3}", "[1,2]"},
	{"a number before the end", "{\"k\":12e3}", "12e3"},
	{"a name and a blank", "{\"k\":true ,\"z\":0}", "true"},
	{"null", "{\"a\":[],\"k\":null}", "null"},
	{"a string with all that could mislead", "{\"k\":\"}\\\"],{:\\\\\",\"z\":0}",
	 "\"}\\\"],{:\\\\\""},
	{"strings inside", "{\"k\":{\"}\":\"]\",\"\\\"\":[\"{\\\\\"]},\"z\":{}}",
	 "{\"}\":\"]\",\"\\\"\":[\"{\\\\\"]}"},
	{"misleading members before it", "{\"a\\\"k\":\"k\\\":{\",\"b\":{\"k\":1},\"k\":2}", "2"},
	{"a key that is written with escapes", "{\"a\":0,\"\\u006b\":[\"\\u003c\"]}",
	 "[\"\\u003c\"]"},
	{"a value with a NUL", "{\"a\":\"\\u0000\",\"k\":7}", "7"},
	{"not there", "{\"a\":{\"k\":1}}", NULL},
	{"an empty object", "{}", NULL},
};

static void test_slices(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_auto_t *object = NULL;
		struct json_slice slice = {0};
		struct err err = {0};
		size_t length = strlen(cases[i].text);

		CU_ASSERT_FATAL(json_read_text(cases[i].text, length, &object, &err) == 0);
		bool is_found = json_slice_member(cases[i].text, length, object, "k", &slice);
		ASSERT_ROW(cases[i].name, is_found == (cases[i].value != NULL));
		if (!is_found || cases[i].value == NULL)
			continue;
		CLEANUP(freep) char *found = strndup(slice.text, slice.length);
		ASSERT_TEXT(cases[i].name, found, cases[i].value);
	}
}

/* Text that ends anywhere is never read past its end: a sanitizer would see it. */
static void test_bounds(void)
{
	static const char text[] = "{\"a\": [{\"\\\"\": \"\\\\\"}, 1], \"k\": {\"x\": \"y\"}}";
	json_auto_t *object = NULL;
	struct err err = {0};

	CU_ASSERT_FATAL(json_read_text(text, strlen(text), &object, &err) == 0);
	for (size_t length = 0; length < strlen(text); length++) {
		CLEANUP(freep) char *cut = malloc(length + 1);
		struct json_slice slice;

		CU_ASSERT_FATAL(cut != NULL);
		/* The allocation ends where the text ends. */
		char *start = cut + 1;
		memcpy(start, text, length);
		CU_ASSERT(json_slice_member(start, length, object, "k", &slice));
		CU_ASSERT(slice.text >= start && slice.text + slice.length <= start + length);
	}
}

static const struct {
	const char *name;
	const char *text;
	const char *elements[4]; /* up to a NULL */
} ARRAYS[] = {
	{"empty", "[]", {NULL}},
	{"empty, with blanks", "[ \n ]", {NULL}},
	{"one", "[{\"a\":[1]}]", {"{\"a\":[1]}"}},
	{"of every kind", "[ \"]\" ,\t12.5e3,\r\n[[],{}] ]", {"\"]\"", "12.5e3", "[[],{}]"}},
	{"dense", "[true,null,\"\\\"\"]", {"true", "null", "\"\\\"\""}},
};

static void test_elements(void)
{
	for (size_t i = 0; i < sizeof(ARRAYS) / sizeof(*ARRAYS); i++) {
		struct json_slice array = {ARRAYS[i].text, strlen(ARRAYS[i].text)};
		struct json_slice found[4] = {{NULL, 0}};
		size_t count = 0;

		while (ARRAYS[i].elements[count] != NULL)
			count++;
		ASSERT_ROW(ARRAYS[i].name, json_slice_elements(&array, found, 4) == count);
		for (size_t j = 0; j < count; j++) {
			CLEANUP(freep) char *text = strndup(found[j].text, found[j].length);
			ASSERT_TEXT(ARRAYS[i].name, text, ARRAYS[i].elements[j]);
		}
		ASSERT_ROW(ARRAYS[i].name,
			   count == 0 || json_slice_elements(&array, found, 1) == 1);
	}
}

static CU_TestInfo tests[] = {{"elements", test_elements},
			      {"slices", test_slices},
			      {"bounds", test_bounds},
			      CU_TEST_INFO_NULL};
SUITE("cni/core/json_slice", tests)
