/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/document_split.h"

#include <stdint.h>
#include <string.h>

#define NO_JSON SIZE_MAX

/* A line of the text; its end is behind the line feed. */
struct line {
	size_t begin, end;
	bool has_feed;
};

static struct line line_at(const char *text, size_t length, size_t begin)
{
	const char *feed = memchr(text + begin, '\n', length - begin);

	return (struct line){.begin = begin,
			     .end = feed != NULL ? (size_t)(feed - text) + 1 : length,
			     .has_feed = feed != NULL};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether the line is a marker, "---" or "...", or begins with one. */
static bool is_marker(const char *text, const struct line *line, const char *marker)
{
	size_t size = line->end - line->begin;

	return size >= 3 && memcmp(text + line->begin, marker, 3) == 0 &&
	       (size == 3 || is_blank(text[line->begin + 3]));
}

static size_t skip_blanks(const char *text, size_t from, size_t end)
{
	while (from < end && is_blank(text[from]))
		from++;
	return from;
}

/* Whether nothing of a document is in the line: it is blank, a comment, or a directive. */
static bool is_outside(const char *text, const struct line *line)
{
	size_t first = skip_blanks(text, line->begin, line->end);

	return first == line->end || text[first] == '#' || text[line->begin] == '%';
}

/* Whether a document that begins at `at` is JSON: an object whose first key is quoted, or {}. */
static bool is_json(const char *text, size_t length, size_t at)
{
	if (text[at] != '{')
		return false;
	at = skip_blanks(text, at + 1, length);
	return at < length && (text[at] == '"' || text[at] == '}');
}

/* Behind the bracket that ends the object at `at`; 0 where it does not end; NO_JSON where it has
 * what only YAML has: single quotes, comments. */
static size_t json_end(const char *text, size_t length, size_t at)
{
	size_t depth = 0;
	bool is_in_string = false;

	for (; at < length; at++) {
		char c = text[at];

		if (c == '"')
			is_in_string = !is_in_string;
		else if (c == '\\' && is_in_string)
			at++;
		else if (!is_in_string && (c == '\'' || c == '#'))
			return NO_JSON;
		else if (!is_in_string && (c == '{' || c == '['))
			depth++;
		else if (!is_in_string && (c == '}' || c == ']') && --depth == 0)
			return at + 1;
	}
	return 0;
}

/* The end of a JSON document, with blanks and line feed behind it; 0 where more is needed; NO_JSON
 * as above. */
static size_t json_length(const char *text, size_t length, size_t at, bool is_complete)
{
	size_t end = json_end(text, length, at);

	if (end == 0)
		return is_complete ? length : 0;
	if (end == NO_JSON)
		return NO_JSON;
	while (end < length && is_blank(text[end])) {
		end++;
		if (text[end - 1] == '\n')
			return end;
	}
	return end < length || is_complete ? end : 0;
}

size_t document_length(const char *text, size_t length, bool is_complete)
{
	bool has_marker = false;
	bool has_content = false;
	struct line line;

	for (size_t at = 0; at < length; at = line.end) {
		line = line_at(text, length, at);
		/* A line that is not whole could yet become a marker. */
		if (!line.has_feed && !is_complete)
			return 0;
		bool is_begin = is_marker(text, &line, "---");
		size_t first = skip_blanks(text, is_begin ? at + 3 : at, line.end);

		if (is_begin && (has_marker || has_content))
			return at;
		if (is_marker(text, &line, "..."))
			return line.end;
		has_marker = has_marker || is_begin;
		size_t end = !has_content && first < line.end && is_json(text, length, first)
				     ? json_length(text, length, first, is_complete)
				     : NO_JSON;
		if (end != NO_JSON)
			return end;
		has_content = has_content || (!is_begin && !is_outside(text, &line)) ||
			      (is_begin && first < line.end && text[first] != '#');
	}
	return is_complete ? length : 0;
}

unsigned int document_lines(const char *text, size_t length)
{
	unsigned int count = 0;

	for (const char *end = text + length; text < end; text++) {
		text = memchr(text, '\n', (size_t)(end - text));
		if (text == NULL)
			break;
		count++;
	}
	return count;
}
