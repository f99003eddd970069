/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/quoted_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

static void replace(char *text, char from, char to)
{
	for (; *text != '\0'; text++) {
		if (*text == from)
			*text = to;
	}
}

json_t *quoted_json(const char *text)
{
	CLEANUP(freep) char *copy = strdup(text);
	json_error_t where;

	if (copy == NULL)
		abort();
	replace(copy, '\'', '"');
	json_t *value = json_loads(copy, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
	if (value == NULL) {
		fprintf(stderr, "in the test's own JSON, column %d: %s\n  %s\n", where.column,
			where.text, text);
		abort();
	}
	return value;
}

char *quoted_json_text(const json_t *value)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY)
				   : strdup("(nothing)");

	if (text == NULL)
		abort();
	replace(text, '"', '\'');
	return text;
}
