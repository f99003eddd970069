/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/kube_event.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

#define OF_VERSION(version) "'metadata':{'resourceVersion':" version "}"
#define DIGITS_63 "123456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *name;
	const char *line; /* quotes as in quoted_json() */
	enum kube_event_type type;
	const char *version; /* NULL: it is refused */
	const char *message;
} events[] = {
	{"added", "{'type':'ADDED','object':{" OF_VERSION("'8'") "}}", KUBE_EVENT_ADDED, "8", NULL},
	{"modified", "{'type':'MODIFIED','object':{" OF_VERSION("'8'") "}}", KUBE_EVENT_MODIFIED,
	 "8", NULL},
	{"deleted", "{'object':{" OF_VERSION("'8'") "},'type':'DELETED'}", KUBE_EVENT_DELETED, "8",
	 NULL},
	{"bookmark", "{'type':'BOOKMARK','object':{" OF_VERSION("'a.B-9_~'") "}}",
	 KUBE_EVENT_BOOKMARK, "a.B-9_~", NULL},
	{"error", "{'type':'ERROR','object':{'code':410}}", KUBE_EVENT_ERROR, "", NULL},
	{"the longest version", "{'type':'ADDED','object':{" OF_VERSION("'" DIGITS_63 "'") "}}",
	 KUBE_EVENT_ADDED, DIGITS_63, NULL},
	{"a longer version", "{'type':'ADDED','object':{" OF_VERSION("'" DIGITS_63 "4'") "}}", 0,
	 NULL, "'resourceVersion' can not be '1234"},
	{"a version that is no part of a query",
	 "{'type':'ADDED','object':{" OF_VERSION("'8&x'") "}}", 0, NULL,
	 "'resourceVersion' can not be '8&x'"},
	{"a number as version", "{'type':'ADDED','object':{" OF_VERSION("8") "}}", 0, NULL,
	 "'resourceVersion' must be a string"},
	{"an empty version", "{'type':'ADDED','object':{" OF_VERSION("''") "}}", 0, NULL,
	 "'resourceVersion' is missing"},
	{"no version", "{'type':'BOOKMARK','object':{}}", 0, NULL, "'resourceVersion' is missing"},
	{"metadata of another type", "{'type':'ADDED','object':{'metadata':[]}}", 0, NULL,
	 "'metadata' must be an object"},
	{"no object", "{'type':'ERROR'}", 0, NULL, "'object' is missing"},
	{"an object of another type", "{'type':'ADDED','object':7}", 0, NULL,
	 "'object' must be an object"},
	{"an unknown type", "{'type':'added','object':{" OF_VERSION("'8'") "}}", 0, NULL,
	 "'type' can not be 'added'"},
	{"no type", "{'object':{" OF_VERSION("'8'") "}}", 0, NULL, "'type' can not be ''"},
	{"no JSON", "{'type':", 0, NULL, "not valid JSON"},
	{"nothing", "", 0, NULL, "not valid JSON"},
	{"a list", "[]", 0, NULL, "a JSON object was expected"},
};

/* The text with real quotes; the caller frees it. */
static char *unquoted(const char *text)
{
	char *copy = strdup(text);

	CU_ASSERT_FATAL(copy != NULL);
	for (char *quote = copy; (quote = strchr(quote, '\'')) != NULL;)
		*quote = '"';
	return copy;
}

static void test_events(void)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		CLEANUP(kube_event_release) struct kube_event event = {0};
		CLEANUP(freep) char *line = unquoted(events[i].line);
		struct err err = {0};
		int r = kube_event_parse(line, strlen(line), &event, &err);

		if (events[i].version == NULL) {
			ASSERT_ROW(events[i].name, r == -EINVAL && event.object == NULL);
			if (strstr(err.msg, events[i].message) == NULL)
				ASSERT_TEXT(events[i].name, err.msg, events[i].message);
			continue;
		}
		ASSERT_ROW(events[i].name, r == 0 && event.type == events[i].type);
		ASSERT_ROW(events[i].name, json_is_object(event.object));
		ASSERT_TEXT(events[i].name, event.version, events[i].version);
	}
}

static const struct {
	const char *name;
	const char *list;
	int count; /* of items; -1: it is refused */
} lists[] = {
	{"two items", "{'items':[{},{}]," OF_VERSION("'7'") "}", 2},
	{"no items", "{'items':[]," OF_VERSION("'7'") "}", 0},
	{"items of Go's nil", "{'items':null," OF_VERSION("'7'") "}", 0},
	{"no list at all", "{'kind':'APIResourceList'," OF_VERSION("'7'") "}", -1},
	{"items of another type", "{'items':{}," OF_VERSION("'7'") "}", -1},
	{"no version", "{'items':[]}", -1},
	{"version of another type", "{'items':[]," OF_VERSION("7") "}", -1},
};

static void test_lists(void)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		json_auto_t *list = quoted_json(lists[i].list);
		json_auto_t *items = NULL;
		char version[KUBE_VERSION_SIZE] = "before";
		struct err err = {0};
		int r = kube_list_parse(list, &items, version, &err);

		if (lists[i].count < 0) {
			ASSERT_ROW(lists[i].name, r == -EINVAL && items == NULL);
			ASSERT_TEXT(lists[i].name, version, "before");
			continue;
		}
		ASSERT_ROW(lists[i].name, r == 0);
		ASSERT_ROW(lists[i].name, json_is_array(items));
		ASSERT_ROW(lists[i].name, (int)json_array_size(items) == lists[i].count);
		ASSERT_TEXT(lists[i].name, version, "7");
	}
}

static const struct {
	const char *list;
	const char *token; /* NULL: there is none */
	const char *message;
} pages[] = {
	{"{'metadata':{'continue':'eyJ2-_x'}}", "eyJ2-_x", NULL},
	{"{'metadata':{'continue':''}}", NULL, NULL},
	{"{'metadata':{'continue':null}}", NULL, NULL},
	{"{'metadata':{}}", NULL, NULL},
	{"{}", NULL, NULL},
	{"{'metadata':{'continue':'a&b'}}", NULL, "'continue' can not be 'a&b'"},
	{"{'metadata':{'continue':7}}", NULL, "'continue' must be a string, found integer"},
};

static void test_pages(void)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		json_auto_t *list = quoted_json(pages[i].list);
		const char *token = NULL;
		struct err err = {0};
		int r = kube_list_next(list, &token, &err);

		ASSERT_ROW(pages[i].list, r == (pages[i].message != NULL ? -EINVAL : 0));
		if (pages[i].message != NULL)
			ASSERT_TEXT(pages[i].list, err.msg, pages[i].message);
		if (pages[i].token != NULL)
			ASSERT_TEXT(pages[i].list, token, pages[i].token);
		else
			ASSERT_ROW(pages[i].list, token == NULL);
	}
}

static void test_long_tokens(void)
{
	char token[KUBE_CONTINUE_MAX + 2];
	const char *found = NULL;
	struct err err = {0};

	memset(token, 'x', sizeof(token));
	token[KUBE_CONTINUE_MAX] = '\0';
	json_auto_t *longest = json_pack("{s:{s:s}}", "metadata", "continue", token);
	token[KUBE_CONTINUE_MAX] = 'x';
	token[KUBE_CONTINUE_MAX + 1] = '\0';
	json_auto_t *longer = json_pack("{s:{s:s}}", "metadata", "continue", token);
	CU_ASSERT_EQUAL(kube_list_next(longest, &found, &err), 0);
	CU_ASSERT_EQUAL(kube_list_next(longer, &found, &err), -EINVAL);
}

static void test_nothing_is_no_list(void)
{
	json_t *items = NULL;
	char version[KUBE_VERSION_SIZE];
	struct err err;

	CU_ASSERT_EQUAL(kube_list_parse(NULL, &items, version, &err), -EINVAL);
}

static int attempt(const void *input, struct err *err)
{
	json_auto_t *items = NULL;
	char version[KUBE_VERSION_SIZE];

	return kube_list_parse(input, &items, version, err);
}

static void test_out_of_memory(void)
{
	json_auto_t *list = quoted_json("{'items':null," OF_VERSION("'7'") "}");

	alloc_fail_sweep("an empty list", attempt, list);
}

static CU_TestInfo tests[] = {
	{"lines of a watch", test_events},
	{"lists", test_lists},
	{"pages", test_pages},
	{"continue tokens are bounded", test_long_tokens},
	{"nothing is no list", test_nothing_is_no_list},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("common/base/kube_event", tests)
