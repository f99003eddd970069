/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the bytes of a value in JSON text, for what must be passed on exactly as it came: decoding
 * and encoding would change numbers, escapes and blanks. */
#ifndef SIDEWIRE_CNI_JSON_SLICE_H
#define SIDEWIRE_CNI_JSON_SLICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct json_slice {
	const char *text; /* into the text that was searched; not NUL terminated */
	size_t length;
};

/*
 * The value of the member `key` of `object`, in the text that json_read_text() made `object` of.
 * false, with nothing written, when the object has no such member. Text that is not what `object`
 * was made of gives a wrong slice, but one that lies in the text.
 */
bool json_slice_member(const char *text, size_t length, json_t *object, const char *key,
		       struct json_slice *ret_slice) __attribute__((nonnull, warn_unused_result));

/*
 * The bytes of each of the `count` elements of an array that json_read_text() has read. Writes as
 * many as there are, `count` at most, and returns how many: fewer only for another text than that.
 */
size_t json_slice_elements(const struct json_slice *array, struct json_slice *ret_elements,
			   size_t count) __attribute__((nonnull, warn_unused_result));

#endif
