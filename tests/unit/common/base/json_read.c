/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/json_read.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name;
	const char *text;
	const char *message; /* NULL: it is read */
} texts[] = {
	{"an object", "{\"a\": [1]}", NULL},
	{"blanks around", " {}\n", NULL},
	{"a value with a NUL", "{\"a\":\"\\u0000\"}", NULL},
	{"nothing", "", "not valid JSON at line 1, column 0: "},
	{"half", "{\n\"a\":", "not valid JSON at line 2, column 4: "},
	{"more behind it", "{} {}", "not valid JSON at line 1, column 4: "},
	{"the same key twice", "{\"a\":1,\"a\":1}", "duplicate object key near '\"a\"'"},
	{"a key with a NUL", "{\"\\u0000\":1}", "not valid JSON"},
	{"an array", "[]", "a JSON object was expected, found array"},
	{"not UTF-8", "{\"a\":\"\xff\"}", "not valid JSON"},
	{"half a surrogate pair", "{\"a\":\"\\ud800\"}", "not valid JSON"},
	{"a comment", "{/**/}", "not valid JSON"},
	{"a number that does not fit", "{\"a\":9223372036854775808}", "too big integer"},
};

static void test_texts(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_auto_t *object = NULL;
		struct err err = {0};
		int r = json_read_text(texts[i].text, strlen(texts[i].text), &object, &err);

		if (texts[i].message == NULL) {
			ASSERT_ROW(texts[i].name, r == 0 && json_is_object(object));
			continue;
		}
		ASSERT_ROW(texts[i].name, r == -EINVAL && object == NULL);
		if (strstr(err.msg, texts[i].message) == NULL)
			ASSERT_TEXT(texts[i].name, err.msg, texts[i].message);
	}
}

static void test_length(void)
{
	json_auto_t *object = NULL;
	struct err err = {0};

	CU_ASSERT(json_read_text("{}x", 2, &object, &err) == 0);
	CU_ASSERT(json_read_text("{\"a\":1\0}", 8, &object, &err) == -EINVAL);
	ASSERT_TEXT("a NUL", err.msg, "not valid JSON: there is a NUL byte in it");
}

static void test_type_names(void)
{
	static const char *const rows[][2] = {
		{"{}", "object"},  {"[]", "array"},     {"''", "string"},     {"7", "integer"},
		{"7.0", "number"}, {"true", "boolean"}, {"false", "boolean"}, {"null", "null"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_auto_t *value = quoted_json(rows[i][0]);

		ASSERT_TEXT(rows[i][0], json_type_name(value), rows[i][1]);
	}
	ASSERT_TEXT("NULL", json_type_name(NULL), "nothing");
}

/* One member of each type, and what each reader says of it: 0, or the message. */
static const struct {
	const char *key;
	const char *object, *array, *string, *integer, *boolean;
} readers[] = {
	{"object", NULL, "'object' must be an array, found object",
	 "'object' must be a string, found object", "'object' must be an integer, found object",
	 "'object' must be true or false, found object"},
	{"array", "'array' must be an object, found array", NULL,
	 "'array' must be a string, found array", "'array' must be an integer, found array",
	 "'array' must be true or false, found array"},
	{"string", "'string' must be an object, found string",
	 "'string' must be an array, found string", NULL,
	 "'string' must be an integer, found string",
	 "'string' must be true or false, found string"},
	{"integer", "'integer' must be an object, found integer",
	 "'integer' must be an array, found integer", "'integer' must be a string, found integer",
	 NULL, "'integer' must be true or false, found integer"},
	{"boolean", "'boolean' must be an object, found boolean",
	 "'boolean' must be an array, found boolean", "'boolean' must be a string, found boolean",
	 "'boolean' must be an integer, found boolean", NULL},
	{"null", NULL, NULL, NULL, NULL, NULL},
	{"absent", NULL, NULL, NULL, NULL, NULL},
};

static void assert_read(const char *key, int r, const struct err *err, const char *message)
{
	ASSERT_ROW(key, r == (message == NULL ? 0 : -EINVAL));
	ASSERT_TEXT(key, err->msg, message == NULL ? "" : message);
}

static void test_readers(void)
{
	json_auto_t *parent = quoted_json("{'object': {}, 'array': [], 'string': 's', 'integer': 7,"
					  " 'boolean': true, 'null': null}");

	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		const char *key = readers[i].key;
		struct err e[5] = {0};
		json_t *object = parent, *array = parent;
		const char *string = "untouched";
		json_int_t integer = -1;
		bool boolean = false;

		assert_read(key, json_read_object(parent, key, &object, &e[0]), &e[0],
			    readers[i].object);
		assert_read(key, json_read_array(parent, key, &array, &e[1]), &e[1],
			    readers[i].array);
		assert_read(key, json_read_string(parent, key, &string, &e[2]), &e[2],
			    readers[i].string);
		assert_read(key, json_read_integer(parent, key, 0, 10, &integer, &e[3]), &e[3],
			    readers[i].integer);
		assert_read(key, json_read_boolean(parent, key, &boolean, &e[4]), &e[4],
			    readers[i].boolean);
		ASSERT_ROW(key, (integer == 7) == (strcmp(key, "integer") == 0));
		ASSERT_ROW(key, boolean == (strcmp(key, "boolean") == 0));
		ASSERT_ROW(key, (object == parent) == (readers[i].object != NULL));
		ASSERT_ROW(key, (array == parent) == (readers[i].array != NULL));
	}
}

static void test_values(void)
{
	json_auto_t *parent =
		quoted_json("{'s': 'text', 'nul': 'a\\u0000b', 'f': false, 'r': 7.0}");
	const char *text = NULL;
	json_int_t integer = -1;
	bool is_set = true;
	struct err err = {0};

	CU_ASSERT(json_read_string(parent, "s", &text, &err) == 0);
	ASSERT_TEXT("string", text, "text");
	CU_ASSERT(json_read_string(parent, "absent", &text, &err) == 0 && text == NULL);
	CU_ASSERT(json_read_boolean(parent, "f", &is_set, &err) == 0 && !is_set);
	CU_ASSERT(json_read_string(parent, "nul", &text, &err) == -EINVAL);
	ASSERT_TEXT("NUL", err.msg, "'nul' must not hold a NUL character");
	CU_ASSERT(json_read_integer(parent, "r", 0, 10, &integer, &err) == -EINVAL);
	ASSERT_TEXT("real", err.msg, "'r' must be an integer, found number");
	CU_ASSERT(integer == -1);
}

static void test_integer_bounds(void)
{
	static const struct {
		json_int_t min, max;
		bool is_read;
	} rows[] = {{7, 7, true}, {0, 7, true}, {7, 9, true}, {8, 9, false}, {0, 6, false}};
	json_auto_t *parent = quoted_json("{'i': 7}");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_int_t value = -1;
		struct err err = {0};
		int r = json_read_integer(parent, "i", rows[i].min, rows[i].max, &value, &err);

		CU_ASSERT(r == (rows[i].is_read ? 0 : -EINVAL));
		CU_ASSERT(value == (rows[i].is_read ? 7 : -1));
	}
	json_int_t value = -1;
	struct err err = {0};
	CU_ASSERT(json_read_integer(parent, "i", 8, 9, &value, &err) < 0);
	ASSERT_TEXT("message", err.msg, "'i' must be in 8 to 9, found 7");
}

static void test_only_keys(void)
{
	static const char *const keys[] = {"a", "b", NULL};
	static const char *const none[] = {NULL};
	json_auto_t *empty = quoted_json("{}");
	json_auto_t *known = quoted_json("{'b': 1, 'a': null}");
	json_auto_t *unknown = quoted_json("{'a': 1, 'c': 1, 'd': 1}");
	struct err err = {0};

	CU_ASSERT(json_read_only_keys(empty, none, &err) == 0);
	CU_ASSERT(json_read_only_keys(known, keys, &err) == 0);
	CU_ASSERT(json_read_only_keys(unknown, keys, &err) == -EINVAL);
	ASSERT_TEXT("the first", err.msg, "unknown key 'c', expected one of a, b");
	CU_ASSERT(json_read_only_keys(known, none, &err) == -EINVAL);
	ASSERT_TEXT("no key at all", err.msg, "unknown key 'b', expected one of none");
}

static CU_TestInfo tests[] = {{"texts", test_texts},
			      {"the length is kept", test_length},
			      {"names of types", test_type_names},
			      {"every reader and every type", test_readers},
			      {"values", test_values},
			      {"bounds of integers", test_integer_bounds},
			      {"unknown keys", test_only_keys},
			      CU_TEST_INFO_NULL};
SUITE("common/base/json_read", tests)
