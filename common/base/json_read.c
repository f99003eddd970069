/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/json_read.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/word_list.h"

bool json_read_lacked_memory(const json_error_t *failure)
{
	return *failure->text == '\0' || json_error_code(failure) == json_error_out_of_memory;
}

int json_read_text(const char *text, size_t length, json_t **ret_object, struct err *err)
{
	json_error_t where;

	/* jansson passes over one behind a number, true, false and null. */
	if (memchr(text, '\0', length) != NULL)
		return err_set(err, EINVAL, "not valid JSON: there is a NUL byte in it");
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);

	if (value == NULL && json_read_lacked_memory(&where))
		return err_set(err, ENOMEM, "out of memory");
	if (value == NULL)
		return err_set(err, EINVAL, "not valid JSON at line %d, column %d: %s", where.line,
			       where.column, where.text);
	if (!json_is_object(value)) {
		err_set(err, EINVAL, "a JSON object was expected, found %s", json_type_name(value));
		json_decref(value);
		return err->code;
	}
	*ret_object = value;
	return 0;
}

const char *json_type_name(const json_t *value)
{
	static const char *const NAMES[] = {
		[JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
		[JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
		[JSON_FALSE] = "boolean",   [JSON_NULL] = "null",
	};

	return value == NULL ? "nothing" : NAMES[json_typeof(value)];
}

/* The member, or NULL when it is absent or null. */
static json_t *member_of(const json_t *parent, const char *key)
{
	json_t *member = json_object_get(parent, key);

	return json_is_null(member) ? NULL : member;
}

static int wrong_type(const char *key, const char *expected, const json_t *found, struct err *err)
{
	return err_set(err, EINVAL, "'%s' must be %s, found %s", key, expected,
		       json_type_name(found));
}

int json_read_object(const json_t *parent, const char *key, json_t **ret_member, struct err *err)
{
	json_t *member = member_of(parent, key);

	if (member != NULL && !json_is_object(member))
		return wrong_type(key, "an object", member, err);
	*ret_member = member;
	return 0;
}

int json_read_array(const json_t *parent, const char *key, json_t **ret_member, struct err *err)
{
	json_t *member = member_of(parent, key);

	if (member != NULL && !json_is_array(member))
		return wrong_type(key, "an array", member, err);
	*ret_member = member;
	return 0;
}

int json_read_string(const json_t *parent, const char *key, const char **ret_text, struct err *err)
{
	json_t *member = member_of(parent, key);

	if (member != NULL && !json_is_string(member))
		return wrong_type(key, "a string", member, err);
	if (member != NULL && strlen(json_string_value(member)) != json_string_length(member))
		return err_set(err, EINVAL, "'%s' must not hold a NUL character", key);
	*ret_text = json_string_value(member);
	return 0;
}

int json_read_integer(const json_t *parent, const char *key, json_int_t min, json_int_t max,
		      json_int_t *value, struct err *err)
{
	json_t *member = member_of(parent, key);

	if (member == NULL)
		return 0;
	if (!json_is_integer(member))
		return wrong_type(key, "an integer", member, err);
	json_int_t found = json_integer_value(member);
	if (found < min || found > max)
		return err_set(err, EINVAL, "'%s' must be in %lld to %lld, found %lld", key, min,
			       max, found);
	*value = found;
	return 0;
}

int json_read_boolean(const json_t *parent, const char *key, bool *value, struct err *err)
{
	json_t *member = member_of(parent, key);

	if (member == NULL)
		return 0;
	if (!json_is_boolean(member))
		return wrong_type(key, "true or false", member, err);
	*value = json_is_true(member);
	return 0;
}

/* "unknown key 'k', expected one of a, b, c" */
static int unknown_key(const char *key, const char *const *keys, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf known = STRBUF_INIT;

	for (size_t i = 0; keys[i] != NULL; i++)
		strbuf_printf(&known, "%s%s", i > 0 ? ", " : "", keys[i]);
	if (known.is_failed)
		return err_set(err, ENOMEM, "out of memory");
	return err_set(err, EINVAL, "unknown key '%.64s', expected one of %s", key,
		       known.data != NULL ? known.data : "none");
}

int json_read_only_keys(json_t *object, const char *const *keys, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (!word_list_has(keys, key))
			return unknown_key(key, keys, err);
	}
	return 0;
}
