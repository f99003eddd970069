/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/json_slice.h"

#include <string.h>

/* What is left of the text. Nothing is checked but the end: the text was parsed before. */
struct cursor {
	const char *at;
	const char *end;
};

/* Moves over blanks and the punctuation between members. */
static void skip_between(struct cursor *cursor)
{
	while (cursor->at < cursor->end && strchr(" \t\r\n,:", *cursor->at) != NULL)
		cursor->at++;
}

/* Moves behind the string that begins here. */
static void skip_string(struct cursor *cursor)
{
	for (cursor->at++; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++) {
		if (*cursor->at == '\\' && cursor->at + 1 < cursor->end)
			cursor->at++;
	}
	if (cursor->at < cursor->end)
		cursor->at++;
}

/* Moves behind the number or name that begins here. */
static void skip_word(struct cursor *cursor)
{
	while (cursor->at < cursor->end && strchr(" \t\r\n,]}", *cursor->at) == NULL)
		cursor->at++;
}

/* Moves behind the object or array that begins here. */
static void skip_nested(struct cursor *cursor)
{
	size_t depth = 0;

	while (cursor->at < cursor->end) {
		char c = *cursor->at;

		if (c == '"') {
			skip_string(cursor);
			continue;
		}
		cursor->at++;
		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && --depth == 0)
			return;
	}
}

static void skip_value(struct cursor *cursor)
{
	if (cursor->at == cursor->end)
		return;
	if (*cursor->at == '"')
		skip_string(cursor);
	else if (*cursor->at == '{' || *cursor->at == '[')
		skip_nested(cursor);
	else
		skip_word(cursor);
}

/*
 * Which member the key is. jansson iterates in the order of the text, and duplicates were refused,
 * so the n-th member of the object is the n-th of the text; keys need not be unescaped to compare.
 */
static bool find_member(json_t *object, const char *key, size_t *ret_index)
{
	size_t index = 0;
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		if (strcmp(name, key) == 0) {
			*ret_index = index;
			return true;
		}
		index++;
	}
	return false;
}

bool json_slice_member(const char *text, size_t length, json_t *object, const char *key,
		       struct json_slice *ret_slice)
{
	struct cursor cursor = {text, text + length};
	const char *start = text;
	size_t index;

	if (!find_member(object, key, &index))
		return false;
	skip_between(&cursor);
	if (cursor.at < cursor.end)
		cursor.at++; /* the opening brace */
	for (size_t i = 0; i <= index; i++) {
		skip_between(&cursor);
		skip_value(&cursor); /* the key */
		skip_between(&cursor);
		start = cursor.at;
		skip_value(&cursor);
	}
	*ret_slice = (struct json_slice){start, (size_t)(cursor.at - start)};
	return true;
}

size_t json_slice_elements(const struct json_slice *array, struct json_slice *ret_elements,
			   size_t count)
{
	struct cursor cursor = {array->text, array->text + array->length};
	size_t found = 0;

	if (cursor.at < cursor.end)
		cursor.at++; /* the opening bracket */
	for (skip_between(&cursor); found < count; skip_between(&cursor)) {
		const char *start = cursor.at;

		skip_value(&cursor);
		if (cursor.at == start)
			break; /* an end of the text that is none of the array */
		ret_elements[found++] = (struct json_slice){start, (size_t)(cursor.at - start)};
	}
	return found;
}
