/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/conflist_edit.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

#define HEAD "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":"
#define CAPABILITY "io.kubernetes.cri.pod-annotations"
#define DENSE "{\"type\":\"sidewire-cni\",\"capabilities\":{\"" CAPABILITY "\":true}}"
#define WIDE "{\"type\": \"sidewire-cni\", \"capabilities\": {\"" CAPABILITY "\": true}}"

typedef int edit(const struct conflist *list, char **ret_text, size_t *ret_length, struct err *err);

/* The text after the edit; NULL, with a complaint, when that failed. */
static char *edited(edit *function, const char *text, size_t length)
{
	CLEANUP(conflist_release) struct conflist list = {0};
	char *result = NULL;
	size_t result_length = 0;
	struct err err = {0};
	int r = conflist_read((struct conf_text){text, length}, &list, &err);

	if (r == 0)
		r = function(&list, &result, &result_length, &err);
	if (r < 0)
		printf("\n    %s\n    in: %s\n", err.msg, text);
	CU_ASSERT_FATAL(r == 0);
	CU_ASSERT(strlen(result) == result_length);
	return result;
}

/* Inserts an entry that names a backend. */
static int insert_nftables(const struct conflist *list, char **ret_text, size_t *ret_length,
			   struct err *err)
{
	struct conflist wished = *list;

	wished.backend = BACKEND_NFTABLES;
	return conflist_edit_insert(&wished, ret_text, ret_length, err);
}

/* What is put in is laid out like what is there. Taking it out again gives the bytes back. */
static const struct {
	const char *name;
	const char *before;
	const char *after;
} LAYOUTS[] = {
	{"dense", HEAD "[{\"type\":\"ptp\"}]}", HEAD "[{\"type\":\"ptp\"}," DENSE "]}"},
	{"one line", HEAD "[{\"type\": \"ptp\"}]}", HEAD "[{\"type\": \"ptp\"}, " WIDE "]}"},
	{"one line, with blanks inside", HEAD "[ { \"type\": \"ptp\" } ]}",
	 HEAD
	 "[ { \"type\": \"ptp\" }, { \"type\": \"sidewire-cni\", \"capabilities\": {\"" CAPABILITY
	 "\": true} } ]}"},
	{"a plugin a line",
	 HEAD "[\n    {\"type\": \"ptp\"},\n    {\"type\": \"tuning\"}\n  ]\n}\n",
	 HEAD "[\n    {\"type\": \"ptp\"},\n    {\"type\": \"tuning\"},\n    " WIDE "\n  ]\n}\n"},
	{"a member a line", HEAD "[\n  {\n    \"type\": \"ptp\"\n  }\n]}\n",
	 HEAD "[\n  {\n    \"type\": \"ptp\"\n  },\n  {\n    \"type\": \"sidewire-cni\",\n    "
	      "\"capabilities\": {\n      \"" CAPABILITY "\": true\n    }\n  }\n]}\n"},
	{"tabs and carriage returns", HEAD "[\r\n\t{\r\n\t\t\"type\": \"ptp\"\r\n\t}\r\n]}",
	 HEAD "[\r\n\t{\r\n\t\t\"type\": \"ptp\"\r\n\t},\r\n\t{\r\n\t\t\"type\": \"sidewire-cni\","
	      "\r\n\t\t\"capabilities\": {\r\n\t\t\t\"" CAPABILITY
	      "\": true\r\n\t\t}\r\n\t}\r\n]}"},
	{"braces and brackets together", HEAD "[{\n  \"type\": \"ptp\"\n}]}",
	 HEAD "[{\n  \"type\": \"ptp\"\n}, {\n  \"type\": \"sidewire-cni\",\n  \"capabilities\": "
	      "{\n    \"" CAPABILITY "\": true\n  }\n}]}"},
	{"blanks around everything stay",
	 HEAD " [\t{\"type\":\"ptp\"} , {\"type\":\"}]\\\"\"}  ]  }\n\n",
	 HEAD " [\t{\"type\":\"ptp\"} , {\"type\":\"}]\\\"\"}, " DENSE "  ]  }\n\n"},
	{"members behind, escaped key",
	 "{\"plu\\u0067ins\":[{\"type\":\"ptp\"}],\"cniVersion\":\"1.0.0\",\"name\":\"]\"}",
	 "{\"plu\\u0067ins\":[{\"type\":\"ptp\"}," DENSE
	 "],\"cniVersion\":\"1.0.0\",\"name\":\"]\"}"},
};

static void test_layouts(void)
{
	for (size_t i = 0; i < sizeof(LAYOUTS) / sizeof(*LAYOUTS); i++) {
		CLEANUP(freep)
		char *after =
			edited(conflist_edit_insert, LAYOUTS[i].before, strlen(LAYOUTS[i].before));
		ASSERT_TEXT(LAYOUTS[i].name, after, LAYOUTS[i].after);
		CLEANUP(freep)
		char *back = edited(conflist_edit_remove, after, strlen(after));
		ASSERT_TEXT(LAYOUTS[i].name, back, LAYOUTS[i].before);
		CLEANUP(freep)
		char *again = edited(conflist_edit_insert, after, strlen(after));
		ASSERT_TEXT(LAYOUTS[i].name, again, LAYOUTS[i].after);
	}
}

/* A backend stands behind the rest, in the manner of the list. */
static const struct {
	const char *name;
	const char *before;
	const char *after;
} BACKENDS[] = {
	{"dense", HEAD "[{\"type\":\"ptp\"}]}",
	 HEAD "[{\"type\":\"ptp\"},{\"type\":\"sidewire-cni\",\"capabilities\":{\"" CAPABILITY
	      "\":true},\"backend\":\"nftables\"}]}"},
	{"one line", HEAD "[{\"type\": \"ptp\"}]}",
	 HEAD "[{\"type\": \"ptp\"}, {\"type\": \"sidewire-cni\", \"capabilities\": {\"" CAPABILITY
	      "\": true}, \"backend\": \"nftables\"}]}"},
	{"a member a line", HEAD "[\n  {\n    \"type\": \"ptp\"\n  }\n]}\n",
	 HEAD "[\n  {\n    \"type\": \"ptp\"\n  },\n  {\n    \"type\": \"sidewire-cni\",\n    "
	      "\"capabilities\": {\n      \"" CAPABILITY
	      "\": true\n    },\n    \"backend\": \"nftables\"\n  }\n]}\n"},
};

static void test_backend(void)
{
	for (size_t i = 0; i < sizeof(BACKENDS) / sizeof(*BACKENDS); i++) {
		CLEANUP(freep)
		char *after =
			edited(insert_nftables, BACKENDS[i].before, strlen(BACKENDS[i].before));
		ASSERT_TEXT(BACKENDS[i].name, after, BACKENDS[i].after);
		CLEANUP(freep)
		char *back = edited(conflist_edit_remove, after, strlen(after));
		ASSERT_TEXT(BACKENDS[i].name, back, BACKENDS[i].before);
	}
}

#define OLD "{\"type\":\"sidewire-cni\",\"level\":[1,{}]}"

/* Entries that are there already: of another version, doubled, in another place. */
static const struct {
	const char *name;
	const char *before;
	const char *inserted;
	const char *removed;
} REPLACEMENTS[] = {
	{"of another version", "[{\"type\":\"a\"},{\"type\":\"b\"},\n" OLD " ]",
	 "[{\"type\":\"a\"},{\"type\":\"b\"}," DENSE " ]", "[{\"type\":\"a\"},{\"type\":\"b\"} ]"},
	{"doubled", "[{\"type\":\"a\"}," DENSE "," DENSE "]", "[{\"type\":\"a\"}," DENSE "]",
	 "[{\"type\":\"a\"}]"},
	{"doubled, with one between", "[{\"type\":\"a\"}, " OLD " , {\"type\":\"b\"}, " DENSE " ]",
	 "[{\"type\":\"a\"} , {\"type\":\"b\"}, " DENSE " ]",
	 "[{\"type\":\"a\"} , {\"type\":\"b\"} ]"},
	{"first", "[ " DENSE " , {\"type\":\"a\"} ]", "[ {\"type\":\"a\"}, " DENSE " ]",
	 "[ {\"type\":\"a\"} ]"},
	{"first two", "[" OLD "," DENSE ",{\"type\":\"a\"}]", "[{\"type\":\"a\"}," DENSE "]",
	 "[{\"type\":\"a\"}]"},
	{"first and last", "[" DENSE ",{\"type\":\"a\"}," DENSE "]", "[{\"type\":\"a\"}," DENSE "]",
	 "[{\"type\":\"a\"}]"},
	{"in the middle", "[{\"type\":\"a\"},\n  " DENSE ",\n  {\"type\":\"b\"}]",
	 "[{\"type\":\"a\"},\n  {\"type\":\"b\"},\n  " DENSE "]",
	 "[{\"type\":\"a\"},\n  {\"type\":\"b\"}]"},
	{"nothing but ours", "[ " DENSE ", " OLD " ]", "[  ]", "[  ]"},
	{"none", "[{\"type\":\"a\"}]", "[{\"type\":\"a\"}," DENSE "]", "[{\"type\":\"a\"}]"},
};

static void test_replacements(void)
{
	for (size_t i = 0; i < sizeof(REPLACEMENTS) / sizeof(*REPLACEMENTS); i++) {
		char before[1024];
		char expected[1024];

		snprintf(before, sizeof(before), HEAD "%s}", REPLACEMENTS[i].before);
		snprintf(expected, sizeof(expected), HEAD "%s}", REPLACEMENTS[i].inserted);
		CLEANUP(freep) char *in = edited(conflist_edit_insert, before, strlen(before));
		ASSERT_TEXT(REPLACEMENTS[i].name, in, expected);
		snprintf(expected, sizeof(expected), HEAD "%s}", REPLACEMENTS[i].removed);
		CLEANUP(freep) char *out = edited(conflist_edit_remove, before, strlen(before));
		ASSERT_TEXT(REPLACEMENTS[i].name, out, expected);
	}
}

/* A stream of numbers that is the same in every run. */
struct dice {
	uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
	dice->state = dice->state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(dice->state >> 33) % sides;
}

static void put_one_of(struct strbuf *out, struct dice *dice, const char *const *texts,
		       uint32_t count)
{
	strbuf_puts(out, texts[roll(dice, count)]);
}

static void put_blanks(struct strbuf *out, struct dice *dice)
{
	static const char *const BLANKS[] = {"",       "",         "",   " ",     "\n  ",
					     "\n\t\t", "\r\n    ", "  ", "\t \n", "\n"};

	put_one_of(out, dice, BLANKS, sizeof(BLANKS) / sizeof(*BLANKS));
}

static void put_value(struct strbuf *out, struct dice *dice, unsigned int depth);

/* An object whose first member, if there is one, is given. */
static void put_object(struct strbuf *out, struct dice *dice, const char *first, unsigned int depth)
{
	static const char *const KEYS[] = {"plugins", "}],\\\"", "\\u0061{", "sidewire-cni",
					   "\\\\"};
	uint32_t count = roll(dice, 4);

	strbuf_puts(out, "{");
	put_blanks(out, dice);
	if (first != NULL)
		strbuf_puts(out, first);
	for (uint32_t i = 0; i < count; i++) {
		put_blanks(out, dice);
		strbuf_printf(out, "%s\"%s%u\"", i > 0 || first != NULL ? "," : "",
			      KEYS[roll(dice, sizeof(KEYS) / sizeof(*KEYS))], i);
		put_blanks(out, dice);
		strbuf_puts(out, ":");
		put_blanks(out, dice);
		put_value(out, dice, depth);
	}
	put_blanks(out, dice);
	strbuf_puts(out, "}");
}

static void put_array(struct strbuf *out, struct dice *dice, unsigned int depth)
{
	uint32_t count = roll(dice, 3);

	strbuf_puts(out, "[");
	for (uint32_t i = 0; i < count; i++) {
		put_blanks(out, dice);
		put_value(out, dice, depth);
		put_blanks(out, dice);
		strbuf_puts(out, i + 1 < count ? "," : "");
	}
	strbuf_puts(out, "]");
}

static void put_value(struct strbuf *out, struct dice *dice, unsigned int depth)
{
	static const char *const SCALARS[] = {"null",
					      "true",
					      "-1.5e3",
					      "0",
					      "\"\"",
					      "\"]},{\\\"[\"",
					      "\"\\u00e9\\n\\\\\"",
					      "\"\\u0000\"",
					      "\"type\""};
	uint32_t kind = depth == 0 ? 2 : roll(dice, 4);

	if (kind == 0)
		put_object(out, dice, NULL, depth - 1);
	else if (kind == 1)
		put_array(out, dice, depth - 1);
	else
		put_one_of(out, dice, SCALARS, sizeof(SCALARS) / sizeof(*SCALARS));
}

/* A conflist that passes conflist_check(), with everything that could mislead. */
static void put_conflist(struct strbuf *out, struct dice *dice)
{
	static const char *const TYPES[] = {"\"type\":\"bridge\"", "\"type\" : \"a\\\"b\"",
					    "\"type\":\t\"sidewire-cni.old\""};
	static const char *const VERSIONS[] = {"\"cniVersion\":\"0.3.1\",",
					       "\"cniVersion\": \"1.1.0\" ,"};
	uint32_t count = 1 + roll(dice, 4);

	put_blanks(out, dice);
	strbuf_puts(out, "{");
	put_blanks(out, dice);
	put_one_of(out, dice, VERSIONS, 2);
	put_blanks(out, dice);
	strbuf_puts(out, "\"x\":");
	put_value(out, dice, 3);
	strbuf_puts(out, ",\"plugins\"");
	put_blanks(out, dice);
	strbuf_puts(out, ": [");
	for (uint32_t i = 0; i < count; i++) {
		put_blanks(out, dice);
		put_object(out, dice, TYPES[roll(dice, 3)], 3);
		put_blanks(out, dice);
		strbuf_puts(out, i + 1 < count ? "," : "]");
	}
	strbuf_puts(out, ", \"name\":\"n\"");
	put_blanks(out, dice);
	strbuf_puts(out, "}");
	put_blanks(out, dice);
}

static json_t *parsed(const char *text)
{
	json_t *object = NULL;
	struct err err = {0};

	CU_ASSERT_FATAL(json_read_text(text, strlen(text), &object, &err) == 0);
	return object;
}

/* The parsed result is the parsed original and one plugin more, the last; and back again. */
static void check_generated(const char *text)
{
	json_auto_t *expected = parsed(text);
	CLEANUP(freep) char *after = edited(conflist_edit_insert, text, strlen(text));
	json_auto_t *found = parsed(after);
	CLEANUP(freep) char *back = edited(conflist_edit_remove, after, strlen(after));
	json_array_append_new(
		json_object_get(expected, "plugins"),
		json_pack("{s:s, s:{s:b}}", "type", "sidewire-cni", "capabilities", CAPABILITY, 1));

	ASSERT_ROW(text, json_equal(found, expected));
	ASSERT_TEXT("generated", back, text);
	CLEANUP(conflist_release) struct conflist list = {0};
	struct err err = {0};
	CU_ASSERT(conflist_read((struct conf_text){after, strlen(after)}, &list, &err) == 0 &&
		  conflist_check(&list, &err) == 0 &&
		  conflist_find_entry(&list) == CONFLIST_ENTRY_IN_PLACE);
}

static void test_generated(void)
{
	struct dice dice = {2026};

	for (unsigned int i = 0; i < 5000; i++) {
		CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

		put_conflist(&text, &dice);
		check_generated(text.data);
	}
}

static const struct {
	const char *name;
	const char *conf;
	const char *made; /* NULL: a refusal */
	const char *message;
} MADE[] = {
	{"tall",
	 "{\n  \"cniVersion\": \"0.3.1\",\n  \"name\": \"a\\\"b\",\n  \"type\": \"bridge\"\n}\n",
	 "{\n  \"sidewire.io/made-from\": \"10-a.conf\",\n  \"cniVersion\": \"0.3.1\",\n  "
	 "\"name\": "
	 "\"a\\\"b\",\n  \"plugins\": [\n{\n  \"cniVersion\": \"0.3.1\",\n  \"name\": "
	 "\"a\\\"b\",\n  "
	 "\"type\": \"bridge\"\n},\n{\n  \"type\": \"sidewire-cni\",\n  \"capabilities\": {\n    "
	 "\"" CAPABILITY "\": true\n  }\n}\n  ]\n}\n",
	 NULL},
	{"in a line", "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"type\":\"ptp\"}",
	 "{\n  \"sidewire.io/made-from\": \"10-a.conf\",\n  \"cniVersion\": \"1.0.0\",\n  "
	 "\"name\": "
	 "\"n\",\n  \"plugins\": "
	 "[\n{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"type\":\"ptp\"},\n" DENSE "\n  ]\n}\n",
	 NULL},
	{"a list", HEAD "[{\"type\":\"ptp\"}]}", NULL,
	 "there is no 'type' in it: it configures no plugin"},
	{"without name", "{\"cniVersion\":\"1.0.0\",\"type\":\"ptp\"}", NULL, "it has no name"},
	{"without version", "{\"name\":\"n\",\"type\":\"ptp\"}", NULL,
	 "its cniVersion is '', and sidewire-cni speaks 0.3.0 to 1.1.0"},
	{"our own type", "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"type\":\"sidewire-cni\"}",
	 NULL, "it has no plugin to be chained to"},
	{"no JSON", "{", NULL,
	 "not valid JSON at line 1, column 1: string or '}' expected near end of file"},
};

static void test_made(void)
{
	for (size_t i = 0; i < sizeof(MADE) / sizeof(*MADE); i++) {
		CLEANUP(freep) char *text = NULL;
		size_t length = 0;
		struct err err = {0};
		int r = conflist_edit_make((struct conf_text){MADE[i].conf, strlen(MADE[i].conf)},
					   "10-a.conf", BACKEND_AUTO, &text, &length, &err);

		ASSERT_ROW(MADE[i].name, (r == 0) == (MADE[i].made != NULL));
		if (MADE[i].made != NULL)
			ASSERT_TEXT(MADE[i].name, text, MADE[i].made);
		else
			ASSERT_TEXT(MADE[i].name, err.msg, MADE[i].message);
	}
}

static void test_made_name(void)
{
	CLEANUP(freep) char *text = NULL;
	size_t length = 0;
	struct err err = {0};
	struct conf_text conf = {MADE[0].conf, strlen(MADE[0].conf)};

	CU_ASSERT_EQUAL(conflist_edit_make(conf, "\xff.conf", BACKEND_AUTO, &text, &length, &err),
			-EINVAL);
	ASSERT_TEXT("no UTF-8", err.msg, "its name is no UTF-8");
	CU_ASSERT_EQUAL(
		conflist_edit_make(conf, "\"\xc3\xa9.conf", BACKEND_AUTO, &text, &length, &err), 0);
	CU_ASSERT(strstr(text, "\"sidewire.io/made-from\": \"\\\"\xc3\xa9.conf\",") != NULL);
}

static int attempt_everything(const void *input, struct err *err)
{
	const char *text = input;
	CLEANUP(conflist_release) struct conflist list = {0};
	CLEANUP(freep) char *in = NULL;
	CLEANUP(freep) char *out = NULL;
	size_t length;
	int r = conflist_read((struct conf_text){text, strlen(text)}, &list, err);

	if (r == 0)
		r = conflist_check(&list, err);
	if (r == 0)
		r = conflist_edit_insert(&list, &in, &length, err);
	return r == 0 ? conflist_edit_remove(&list, &out, &length, err) : r;
}

static int attempt_make(const void *input, struct err *err)
{
	const char *text = input;
	CLEANUP(freep) char *made = NULL;
	size_t length;

	return conflist_edit_make((struct conf_text){text, strlen(text)}, "a.conf", BACKEND_AUTO,
				  &made, &length, err);
}

static void test_no_memory(void)
{
	alloc_fail_sweep("edit", attempt_everything, LAYOUTS[4].before);
	alloc_fail_sweep("make", attempt_make, MADE[0].conf);
}

static CU_TestInfo tests[] = {
	{"the backend", test_backend},
	{"laid out like what is there", test_layouts},
	{"entries that are there already", test_replacements},
	{"5000 generated ones", test_generated},
	{"made from a configuration for one plugin", test_made},
	{"the name of what it is made from", test_made_name},
	{"without memory", test_no_memory},
	CU_TEST_INFO_NULL,
};
SUITE("cni/core/conflist_edit", tests)
