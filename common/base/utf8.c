/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/utf8.h"

#include <string.h>

/* The rows of table 3-7 of the Unicode standard, which is RFC 3629's grammar (section 4). */
struct form {
	unsigned char first_max;
	unsigned char first_min;
	unsigned char second_min;
	unsigned char second_max;
	size_t length;
};

static const struct form FORMS[] = {
	{.first_max = 0x7f, .length = 1}, {0xdf, 0xc2, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xec, 0xe1, 0x80, 0xbf, 3},      {0xed, 0xed, 0x80, 0x9f, 3}, {0xef, 0xee, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},      {0xf3, 0xf1, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* The row of a first byte; NULL when no character begins with it. */
static const struct form *form_of(unsigned char first)
{
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(*FORMS); i++) {
		if (first <= FORMS[i].first_max)
			return first >= FORMS[i].first_min ? &FORMS[i] : NULL;
	}
	return NULL;
}

size_t utf8_length(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	const struct form *form = length > 0 ? form_of(bytes[0]) : NULL;

	if (form == NULL || form->length > length)
		return 0;
	if (form->length > 1 && (bytes[1] < form->second_min || bytes[1] > form->second_max))
		return 0;
	for (size_t i = 2; i < form->length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	return form->length;
}

void utf8_repair(char *text)
{
	char *end = text + strlen(text);
	char *whole_end = text;

	while (text < end) {
		size_t length = utf8_length(text, (size_t)(end - text));

		if (length == 0)
			*text++ = '?';
		else
			whole_end = text += length;
	}
	*whole_end = '\0';
}
