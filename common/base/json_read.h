/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading JSON with errors that name the member and what was expected. Absence is a value, never an
 * error: a member that is missing or null gives NULL, or leaves the default, and the caller
 * decides. A parent that is NULL has no members.
 */
#ifndef SIDEWIRE_BASE_JSON_READ_H
#define SIDEWIRE_BASE_JSON_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/*
 * Parses exactly one JSON object (RFC 8259) from `length` bytes. The caller owns *ret_object.
 * -EINVAL, with line and column, for anything else, duplicate keys and \u0000 in a key included;
 * -ENOMEM.
 */
int json_read_text(const char *text, size_t length, json_t **ret_object, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether jansson's parser failed without memory: it says so, or, at some places, nothing at all.
 */
bool json_read_lacked_memory(const json_error_t *failure) __attribute__((nonnull));

/* The type of a value in the words of messages: "object", "string", ... */
const char *json_type_name(const json_t *value);

/* The member as an object, borrowed; NULL when absent or null. -EINVAL when it is something else.
 */
int json_read_object(const json_t *parent, const char *key, json_t **ret_member, struct err *err)
	__attribute__((nonnull(2, 3, 4), warn_unused_result));

/* The member as an array, borrowed; NULL when absent or null. -EINVAL when it is something else. */
int json_read_array(const json_t *parent, const char *key, json_t **ret_member, struct err *err)
	__attribute__((nonnull(2, 3, 4), warn_unused_result));

/*
 * The member as a string without NULs, borrowed; NULL when absent or null. -EINVAL when it is
 * something else.
 */
int json_read_string(const json_t *parent, const char *key, const char **ret_text, struct err *err)
	__attribute__((nonnull(2, 3, 4), warn_unused_result));

/* The member as an integer from min to max. When absent or null *value stays. -EINVAL for another
 * type or value. */
int json_read_integer(const json_t *parent, const char *key, json_int_t min, json_int_t max,
		      json_int_t *value, struct err *err)
	__attribute__((nonnull(2, 5, 6), warn_unused_result));

/* The member as a boolean. When absent or null *value stays. -EINVAL when it is something else. */
int json_read_boolean(const json_t *parent, const char *key, bool *value, struct err *err)
	__attribute__((nonnull(2, 3, 4), warn_unused_result));

/*
 * Refuses every key of `object` that is not in `keys`, which a NULL ends. -EINVAL, naming the first
 * unknown key and the keys that exist; -ENOMEM.
 */
int json_read_only_keys(json_t *object, const char *const *keys, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
