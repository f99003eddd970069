/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/json_edit.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

enum verb { SET, REMOVE, SET_ELEMENT, APPEND, REMOVE_ELEMENT };

struct row {
	const char *name;
	const char *shared;
	enum verb verb;
	const char *key;
	size_t index;
	const char *value; /* NULL: the very member or element that is there */
	const char *edited;
};

static const struct row ROWS[] = {
	{"new member", "{'a':1}", SET, "b", 0, "2", "{'a':1,'b':2}"},
	{"member again", "{'a':1,'b':2}", SET, "a", 0, "3", "{'a':3,'b':2}"},
	{"the very member", "{'a':1}", SET, "a", 0, NULL, "{'a':1}"},
	{"member gone", "{'a':1,'b':2}", REMOVE, "a", 0, NULL, "{'b':2}"},
	{"no such member", "{'a':1}", REMOVE, "b", 0, NULL, "{'a':1}"},
	{"element", "[1,2]", SET_ELEMENT, NULL, 1, "3", "[1,3]"},
	{"the very element", "[1,2]", SET_ELEMENT, NULL, 1, NULL, "[1,2]"},
	{"appended", "[1]", APPEND, NULL, 0, "2", "[1,2]"},
	{"element gone", "[1,2,3]", REMOVE_ELEMENT, NULL, 1, NULL, "[1,3]"},
};

/* The value that the row sets, owned. */
static json_t *value_of(const struct row *row, json_t *shared)
{
	if (row->value != NULL)
		return quoted_json(row->value);
	return json_incref(row->verb == SET ? json_object_get(shared, row->key)
					    : json_array_get(shared, row->index));
}

static int apply(const struct row *row, json_t **edited, json_t *shared, struct err *err)
{
	switch (row->verb) {
	case SET:
		return json_edit_set(edited, shared, row->key, value_of(row, shared), err);
	case REMOVE:
		return json_edit_remove(edited, shared, row->key, err);
	case SET_ELEMENT:
		return json_edit_set_element(edited, shared, row->index, value_of(row, shared),
					     err);
	case APPEND:
		return json_edit_append(edited, shared, value_of(row, shared), err);
	case REMOVE_ELEMENT:
		return json_edit_remove_element(edited, shared, row->index, err);
	}
	return -EINVAL;
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct row *row = &ROWS[i];
		json_auto_t *shared = quoted_json(row->shared);
		json_auto_t *edited = json_incref(shared);
		struct err err = {0};

		ASSERT_ROW(row->name, apply(row, &edited, shared, &err) == 0);
		CLEANUP(freep) char *text = quoted_json_text(edited);
		ASSERT_TEXT(row->name, text, row->edited);
		CLEANUP(freep) char *shared_text = quoted_json_text(shared);
		ASSERT_TEXT(row->name, shared_text, row->shared);
		ASSERT_ROW(row->name, (edited == shared) == (strcmp(text, row->shared) == 0));
	}
}

/* The first edit copies, the next one finds a copy. */
static void test_one_copy(void)
{
	json_auto_t *shared = quoted_json("{'a':{'b':1}}");
	json_auto_t *edited = json_incref(shared);
	struct err err = {0};

	CU_ASSERT(json_edit_set(&edited, shared, "c", json_integer(1), &err) == 0);
	const json_t *copy = edited;
	CU_ASSERT(json_edit_set(&edited, shared, "d", json_integer(2), &err) == 0);
	CU_ASSERT(edited == copy);
	CU_ASSERT(json_object_get(edited, "a") == json_object_get(shared, "a"));
}

static void test_failed_allocation(void)
{
	json_auto_t *object = json_object();
	json_auto_t *array = json_array();
	struct err err = {0};

	CU_ASSERT(json_edit_set(&object, object, "a", NULL, &err) == -ENOMEM);
	CU_ASSERT(json_edit_append(&array, array, NULL, &err) == -ENOMEM);
	CU_ASSERT(json_edit_set_element(&array, array, 0, NULL, &err) == -ENOMEM);
}

static CU_TestInfo tests[] = {
	{"edits", test_rows},
	{"one copy a level", test_one_copy},
	{"a value that could not be allocated", test_failed_allocation},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/core/json_edit", tests)
