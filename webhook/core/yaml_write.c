/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_write.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "common/base/json_text.h"
#include "common/base/utf8.h"

enum { WORD_MAX = 5 }; /* letters of the longest word that is no text, "false" */

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words != NULL && strcasecmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

/* A code point that YAML wants escaped (1.2.2, 5.1), or that some readers take for a line's end. */
static bool is_unprintable(uint32_t point)
{
	return (point < 0x20 && point != '\n') || (point >= 0x7f && point < 0xa0) ||
	       point == 0x2028 || point == 0x2029 || point == 0xfeff || point == 0xfffe ||
	       point == 0xffff;
}

/* The code point of a character of `length` bytes. */
static uint32_t point_of(const char *text, size_t length)
{
	static const uint8_t FIRST[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t point = (uint8_t)text[0] & FIRST[length];

	for (size_t i = 1; i < length; i++)
		point = point << 6 | ((uint8_t)text[i] & 0x3f);
	return point;
}

static bool is_printable(const char *text)
{
	size_t length = strlen(text);
	size_t character;

	for (size_t at = 0; at < length; at += character) {
		character = utf8_length(text + at, length - at);
		if (character == 0 || is_unprintable(point_of(text + at, character)))
			return false;
	}
	return true;
}

/* Digits and a unit: "100m", "64Mi", "10s". With more letters than two it would go as well. */
static bool is_quantity(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	size_t letters = 0;

	while (isalpha((unsigned char)text[digits + letters]))
		letters++;
	return digits > 0 && letters >= 1 && letters <= 2 && text[digits + letters] == '\0';
}

/* Whether a text begins as a word, a path or an option does. */
static bool begins_plain(const char *text)
{
	while (*text == '-')
		text++;
	return isalpha((unsigned char)*text) || *text == '/' || *text == '_' || *text == '$';
}

/* Whether the text means itself, and nothing else, without quotes. */
static bool is_plain(const char *text)
{
	static const char OTHERS[] = "_-./@+$()=~, :";
	static const char *const WORDS[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n",   NULL};
	size_t length = strlen(text);

	if (is_quantity(text))
		return true;
	if (length == 0 || !begins_plain(text) || (length <= WORD_MAX && is_one_of(text, WORDS)))
		return false;
	for (const char *c = text; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && strchr(OTHERS, *c) == NULL)
			return false;
		if (*c == ':' && (c[1] == ' ' || c[1] == '\0'))
			return false;
	}
	return text[length - 1] != ' ';
}

/* Quotation marks and backslashes read best in single quotes. */
static bool is_single_quoted(const char *text)
{
	return strpbrk(text, "\"\\") != NULL && strpbrk(text, "'\n") == NULL && is_printable(text);
}

static void write_escaped(struct strbuf *out, const char *character, size_t length)
{
	uint32_t point = point_of(character, length);

	if (point == '\n')
		strbuf_puts(out, "\\n");
	else if (point == '\t')
		strbuf_puts(out, "\\t");
	else if (point == '"' || point == '\\')
		strbuf_printf(out, "\\%c", (char)point);
	else if (is_unprintable(point))
		strbuf_printf(out, "\\u%04x", point);
	else
		strbuf_append(out, character, length);
}

static void write_double_quoted(struct strbuf *out, const char *text)
{
	size_t length = strlen(text);
	size_t character;

	strbuf_puts(out, "\"");
	for (size_t at = 0; at < length; at += character) {
		character = utf8_length(text + at, length - at);
		if (character == 0)
			character = 1;
		write_escaped(out, text + at, character);
	}
	strbuf_puts(out, "\"");
}

void yaml_write_text(struct strbuf *out, const char *text)
{
	if (is_plain(text))
		strbuf_puts(out, text);
	else if (is_single_quoted(text))
		strbuf_printf(out, "'%s'", text);
	else
		write_double_quoted(out, text);
}

/*
 * Whether a text is written as lines (|): where it has several, and needs no indicator of
 * indentation, and no blank lines at its end, which might grow together with some that follow.
 */
static bool is_lines(const char *text)
{
	size_t length = strlen(text);

	return strchr(text, '\n') != NULL && strchr(" \t\n", text[0]) == NULL &&
	       (length < 2 || text[length - 2] != '\n' || text[length - 1] != '\n') &&
	       is_printable(text);
}

static void write_line_feed(struct strbuf *out, size_t column)
{
	strbuf_printf(out, "\n%*s", (int)column, "");
}

static void write_lines(struct strbuf *out, size_t column, const char *text)
{
	size_t length = strlen(text);
	bool is_ended = text[length - 1] == '\n';

	strbuf_puts(out, is_ended ? "|" : "|-");
	if (is_ended)
		length--;
	for (size_t at = 0; at <= length;) {
		const char *feed = memchr(text + at, '\n', length - at);
		size_t end = feed != NULL ? (size_t)(feed - text) : length;

		write_line_feed(out, end > at ? column : 0);
		strbuf_append(out, text + at, end - at);
		at = end + 1;
	}
}

void yaml_write_json(struct strbuf *out, size_t step, size_t column, const json_t *value)
{
	CLEANUP(freep) char *text = json_text(value, JSON_ENCODE_ANY | JSON_INDENT(step));

	if (text == NULL) {
		out->is_failed = true;
		return;
	}
	for (const char *line = text; line != NULL;) {
		const char *feed = strchr(line, '\n');

		strbuf_append(out, line, feed != NULL ? (size_t)(feed - line) : strlen(line));
		if (feed != NULL)
			write_line_feed(out, column);
		line = feed != NULL ? feed + 1 : NULL;
	}
}

/* A scalar, or an empty collection; the lines of a text stand at `column`. */
static void write_scalar(struct strbuf *out, size_t column, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		yaml_write_json(out, 0, 0, value);
	else if (is_lines(text))
		write_lines(out, column, text);
	else
		yaml_write_text(out, text);
}

/* The members of a mapping that stands at `column`, where the cursor is. */
static void write_members(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			  const json_t *object)
{
	const char *key;
	json_t *value;
	bool is_first = true;

	/* Iterating changes nothing; jansson's iterators only lack the const. */
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (!is_first)
			write_line_feed(out, column);
		is_first = false;
		yaml_write_member(out, layout, column, key, value);
	}
}

static void write_elements(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			   const json_t *array)
{
	size_t index;
	json_t *value;

	json_array_foreach(array, index, value) {
		if (index > 0)
			write_line_feed(out, column);
		yaml_write_element(out, layout, column, value);
	}
}

void yaml_write_behind_key(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			   const json_t *value)
{
	if (json_object_size(value) > 0) {
		write_line_feed(out, column + layout->step);
		write_members(out, layout, column + layout->step, value);
	} else if (json_array_size(value) > 0) {
		write_line_feed(out, column + layout->dash_step);
		write_elements(out, layout, column + layout->dash_step, value);
	} else {
		strbuf_puts(out, " ");
		write_scalar(out, column + layout->step, value);
	}
}

void yaml_write_behind_dash(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			    const json_t *value)
{
	strbuf_puts(out, " ");
	if (json_object_size(value) > 0)
		write_members(out, layout, column + 2, value);
	else if (json_array_size(value) > 0)
		write_elements(out, layout, column + 2, value);
	else
		write_scalar(out, column + 2, value);
}

void yaml_write_member(struct strbuf *out, const struct yaml_layout *layout, size_t column,
		       const char *key, const json_t *value)
{
	yaml_write_text(out, key);
	strbuf_puts(out, ":");
	yaml_write_behind_key(out, layout, column, value);
}

void yaml_write_element(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			const json_t *value)
{
	strbuf_puts(out, "-");
	yaml_write_behind_dash(out, layout, column, value);
}
