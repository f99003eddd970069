/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_place.h"

#include <string.h>

#include "webhook/core/yaml_tree.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t skip_blanks(const char *text, size_t length, size_t from)
{
	while (from < length && (is_blank(text[from]) || text[from] == '\n'))
		from++;
	return from;
}

static size_t skip_to(const char *text, size_t length, size_t from, char c)
{
	const char *found = memchr(text + from, c, length - from);

	return found != NULL ? (size_t)(found - text) : length;
}

size_t yaml_place_skip(const char *text, size_t length, size_t from)
{
	size_t at = skip_blanks(text, length, from);

	while (at < length && text[at] == '#')
		at = skip_blanks(text, length, skip_to(text, length, at, '\n'));
	return at;
}

size_t yaml_place_after_colon(const char *text, size_t length, size_t key_end)
{
	size_t at = skip_blanks(text, length, key_end);

	return at < length && text[at] == ':' ? at + 1 : key_end;
}

size_t yaml_place_dash(const char *text, size_t length, size_t from)
{
	size_t at = yaml_place_skip(text, length, from);

	return at < length && text[at] == '-' ? at : YAML_NOWHERE;
}

size_t yaml_place_block_header(const char *text, size_t length, size_t from)
{
	size_t at = yaml_place_skip(text, length, from);

	/* Anchor and tag stand before it. */
	while (at < length && (text[at] == '&' || text[at] == '!')) {
		while (at < length && !is_blank(text[at]) && text[at] != '\n')
			at++;
		at = yaml_place_skip(text, length, at);
	}
	return at < length && (text[at] == '|' || text[at] == '>') ? at : from;
}

size_t yaml_place_block_end(const char *text, size_t header, size_t first, size_t stop)
{
	/* YAML 1.2.2, 8.1.1: the indicators for indentation and chomping, in any order. */
	size_t length = first > header ? first - header : 0;
	bool is_kept = memchr(text + header, '+', length < 3 ? length : 3) != NULL;

	while (stop > first && text[stop - 1] == ' ')
		stop--;
	while (!is_kept && stop > first && text[stop - 1] == '\n') {
		size_t line = stop - 1;

		while (line > first && is_blank(text[line - 1]))
			line--;
		if (line > first && text[line - 1] != '\n')
			break;
		stop = line;
	}
	return stop;
}

size_t yaml_place_line(const char *text, size_t at)
{
	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

size_t yaml_place_line_end(const char *text, size_t length, size_t at)
{
	if (at == 0 || text[at - 1] == '\n' || at == length)
		return at;
	at = skip_to(text, length, at, '\n');
	return at < length ? at + 1 : at;
}

bool yaml_place_is_first(const char *text, size_t at)
{
	while (at > 0 && is_blank(text[at - 1]))
		at--;
	return at == 0 || text[at - 1] == '\n';
}
