/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/json_patch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_SIZE = 16384 }; /* no fuzzer makes longer inputs */

/* Takes the first token off a pointer that is not empty (RFC 6901, section 4). */
static void take_token(const char **pointer, char token[static TOKEN_SIZE])
{
	size_t length = 0;
	const char *c = *pointer;

	assert(*c == '/');
	for (c++; *c != '\0' && *c != '/'; c++) {
		assert(length + 1 < TOKEN_SIZE);
		if (*c == '~') {
			c++;
			assert(*c == '0' || *c == '1');
			token[length++] = *c == '0' ? '~' : '/';
		} else {
			token[length++] = *c;
		}
	}
	token[length] = '\0';
	*pointer = c;
}

/* The index that the token is, no larger than `max`; false when it is none. */
static bool read_index(const char *token, size_t max, size_t *ret_index)
{
	size_t length = strlen(token);

	if (length == 0 || length > 6 || strspn(token, "0123456789") != length ||
	    (token[0] == '0' && length > 1))
		return false;
	*ret_index = strtoul(token, NULL, 10);
	return *ret_index <= max;
}

static json_t *child_of(json_t *parent, const char *token)
{
	size_t index;

	if (json_is_object(parent))
		return json_object_get(parent, token);
	if (!json_is_array(parent) || !read_index(token, json_array_size(parent), &index))
		return NULL;
	return json_array_get(parent, index);
}

static bool change_array(json_t *array, const char *operation, const char *token, json_t *value)
{
	bool is_add = strcmp(operation, "add") == 0;
	size_t size = json_array_size(array);
	size_t index;

	if (is_add && strcmp(token, "-") == 0)
		return json_array_append(array, value) == 0;
	if (!read_index(token, size, &index) || (!is_add && index == size))
		return false;
	if (is_add)
		return json_array_insert(array, index, value) == 0;
	if (strcmp(operation, "remove") == 0)
		return json_array_remove(array, index) == 0;
	return json_array_set(array, index, value) == 0;
}

static bool change_object(json_t *object, const char *operation, const char *key, json_t *value)
{
	/* Only an addition may be of what is not there yet. */
	if (strcmp(operation, "add") != 0 && json_object_get(object, key) == NULL)
		return false;
	if (strcmp(operation, "remove") == 0)
		return json_object_del(object, key) == 0;
	return json_object_set(object, key, value) == 0;
}

/* Applies one operation to the document, which is the caller's own. */
static bool apply(json_t **document, const json_t *entry)
{
	const char *operation = json_string_value(json_object_get(entry, "op"));
	const char *pointer = json_string_value(json_object_get(entry, "path"));
	json_t *member = json_object_get(entry, "value");
	char token[TOKEN_SIZE];
	json_t *parent = *document;

	assert(operation != NULL && pointer != NULL);
	assert((strcmp(operation, "remove") == 0) == (member == NULL));
	/* What is put in may be changed by a later operation. */
	json_auto_t *value = json_deep_copy(member);
	if (*pointer == '\0') {
		assert(strcmp(operation, "replace") == 0);
		json_decref(*document);
		*document = json_incref(value);
		return true;
	}
	for (take_token(&pointer, token); *pointer != '\0'; take_token(&pointer, token))
		parent = child_of(parent, token);
	if (json_is_object(parent))
		return change_object(parent, operation, token, value);
	return json_is_array(parent) && change_array(parent, operation, token, value);
}

json_t *fuzz_patched(const json_t *document, const json_t *patch)
{
	json_t *result = json_deep_copy(document);
	json_t *entry;
	size_t index;

	json_array_foreach(patch, index, entry) {
		if (!apply(&result, entry)) {
			json_decref(result);
			return NULL;
		}
	}
	return result;
}
