/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/explain_patch.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_text.h"
#include "common/base/utf8.h"
#include "common/base/word_list.h"

enum { SHOWN_MAX = 60 }; /* bytes of a value that are shown */

/* How a thing is come to, in a line: "+ " where it is added. */
static const char *sign_of(const char *operation)
{
	if (strcmp(operation, "add") == 0)
		return "+";
	return strcmp(operation, "remove") == 0 ? "-" : "~";
}

/* Appends a pointer (RFC 6901) as "spec.containers[0].env"; a part with other signs in quotes. */
static void write_path(struct strbuf *out, const char *pointer)
{
	bool is_first = true;

	while (*pointer == '/') {
		size_t length = strcspn(pointer + 1, "/");
		const char *part = pointer + 1;

		pointer = part + length;
		if (strspn(part, "0123456789") == length && length > 0) {
			strbuf_printf(out, "[%.*s]", (int)length, part);
			continue;
		}
		strbuf_puts(out, is_first ? "" : ".");
		is_first = false;
		for (size_t i = 0; i < length; i++) {
			bool is_escape = part[i] == '~' && i + 1 < length;

			i += is_escape;
			strbuf_append(out, !is_escape ? &part[i] : part[i] == '1' ? "/" : "~", 1);
		}
	}
}

static void write_short(struct strbuf *out, const char *text)
{
	size_t length = strlen(text);
	size_t end = length;

	if (length > SHOWN_MAX) {
		end = SHOWN_MAX;
		while (end > 0 && utf8_length(text + end, length - end) == 0)
			end--;
	}
	strbuf_append(out, text, end);
	strbuf_puts(out, end < length ? "..." : "");
}

/* Whether a text has characters that a terminal obeys: line feeds, and the controls C0 and C1
 * (ECMA-48), of which the latter are U+0080 to U+009F. */
static bool has_controls(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		if (*c < ' ' || (*c == 0xc2 && c[1] < 0xa0))
			return true;
	}
	return false;
}

/* Appends a value as JSON without controls. */
static void write_json(struct strbuf *out, const json_t *value)
{
	CLEANUP(freep) char *text = json_text(value, JSON_ENCODE_ANY | JSON_COMPACT);
	CLEANUP(freep) char *escaped = NULL;

	if (text != NULL && has_controls(text))
		escaped = json_text(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text == NULL || (has_controls(text) && escaped == NULL))
		out->is_failed = true;
	else
		write_short(out, escaped != NULL ? escaped : text);
}

/* Appends any value, as JSON unless it is a text that stays in its line. */
static void write_any(struct strbuf *out, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text != NULL && !has_controls(text))
		write_short(out, text);
	else
		write_json(out, value);
}

/* Appends a comma and what tells an element of a list best beside its name: the image of a
 * container, the kind of a volume. */
static void write_element(struct strbuf *out, const json_t *element)
{
	const json_t *image = json_object_get(element, "image");
	const char *key;
	json_t *member;

	if (json_is_string(image)) {
		strbuf_puts(out, ", image ");
		write_any(out, image);
		return;
	}
	/* Iterating changes nothing; jansson's iterators only lack the const. */
	json_object_foreach((json_t *)(uintptr_t)element, key, member) {
		if (strcmp(key, "name") == 0)
			continue;
		strbuf_printf(out, ", %s ", key);
		write_any(out, member);
		return;
	}
}

/* Whether the value of that place is told part by part. */
static bool is_taken_apart(const char *pointer, const json_t *value)
{
	static const char *const PLACES[] = {"/metadata", "/metadata/labels",
					     "/metadata/annotations", NULL};

	return word_list_has(PLACES, pointer) && json_object_size(value) > 0;
}

static const char *name_of(const json_t *element)
{
	return json_string_value(json_object_get(element, "name"));
}

/* Appends one line; `key` is one more part of the path, or NULL. */
static void write_line(struct strbuf *out, const char *sign, const char *pointer, const char *key,
		       const json_t *value)
{
	const char *name = name_of(value);

	strbuf_printf(out, "  %s ", sign);
	write_path(out, pointer);
	if (key != NULL)
		strbuf_printf(out, ".%s", key);
	if (value != NULL)
		strbuf_puts(out, ": ");
	if (name != NULL) {
		write_any(out, json_object_get(value, "name"));
		write_element(out, value);
	} else if (value != NULL) {
		write_any(out, value);
	}
	strbuf_puts(out, "\n");
}

static void write_value(struct strbuf *out, const char *sign, const char *pointer,
			const json_t *value);

static void write_members(struct strbuf *out, const char *sign, const char *pointer,
			  const json_t *object)
{
	char below[sizeof("/metadata/annotations")];
	const char *key;
	json_t *member;

	/* Iterating changes nothing; jansson's iterators only lack the const. */
	json_object_foreach((json_t *)(uintptr_t)object, key, member) {
		snprintf(below, sizeof(below), "%s/%s", pointer, key);
		if (is_taken_apart(below, member))
			write_value(out, sign, below, member);
		else
			write_line(out, sign, pointer, key, member);
	}
}

/* Appends the lines of a value that is added, replaced or removed as a whole. */
static void write_value(struct strbuf *out, const char *sign, const char *pointer,
			const json_t *value)
{
	json_t *element;
	size_t index;

	if (name_of(json_array_get(value, 0)) != NULL) {
		json_array_foreach(value, index, element)
			write_line(out, sign, pointer, NULL, element);
	} else if (is_taken_apart(pointer, value)) {
		write_members(out, sign, pointer, value);
	} else {
		write_line(out, sign, pointer, NULL, value);
	}
}

void explain_patch(const json_t *patch, struct strbuf *out)
{
	size_t index;
	json_t *operation;

	json_array_foreach(patch, index, operation) {
		const char *verb = json_string_value(json_object_get(operation, "op"));
		const char *pointer = json_string_value(json_object_get(operation, "path"));

		write_value(out, sign_of(verb), pointer, json_object_get(operation, "value"));
	}
}
