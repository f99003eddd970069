/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/scalar_text.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/word_list.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *text)
{
	while (is_digit(*text))
		text++;
	return text;
}

static const char *skip_sign(const char *text)
{
	return *text == '+' || *text == '-' ? text + 1 : text;
}

/* Behind "12", "1.5", "1." or ".5"; NULL when no digit is there. */
static const char *skip_decimal(const char *text)
{
	const char *whole_end = skip_digits(text);
	const char *end = *whole_end == '.' ? skip_digits(whole_end + 1) : whole_end;
	ptrdiff_t digits = (end - text) - (*whole_end == '.' ? 1 : 0);

	return digits > 0 ? end : NULL;
}

/* The exponent form of a suffix: "e3", "E-3". */
static bool is_exponent(const char *text)
{
	if (*text != 'e' && *text != 'E')
		return false;
	const char *digits = skip_sign(text + 1);
	return is_digit(*digits) && *skip_digits(digits) == '\0';
}

bool is_quantity_text(const char *text)
{
	static const char *const SUFFIXES[] = {"",  "n",  "u",  "m",  "k",  "M",  "G",  "T", "P",
					       "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", NULL};
	const char *suffix = skip_decimal(skip_sign(text));

	return suffix != NULL && (word_list_has(SUFFIXES, suffix) || is_exponent(suffix));
}

struct duration_unit {
	const char *name;
	uint64_t ns;
};

/* Longer names come before those that they begin with. Micro is written as U+00B5, U+03BC or "u".
 */
static const struct duration_unit DURATION_UNITS[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000},
	{"\xce\xbcs", 1000},
	{"ms", 1000ULL * 1000},
	{"s", 1000ULL * 1000 * 1000},
	{"m", 60ULL * 1000 * 1000 * 1000},
	{"h", 3600ULL * 1000 * 1000 * 1000},
};

/* The unit that the text begins with, or NULL. */
static const struct duration_unit *duration_unit_at(const char *text)
{
	for (size_t i = 0; i < sizeof(DURATION_UNITS) / sizeof(*DURATION_UNITS); i++) {
		const struct duration_unit *unit = &DURATION_UNITS[i];

		if (strncmp(text, unit->name, strlen(unit->name)) == 0)
			return unit;
	}
	return NULL;
}

/* The whole units before the point, in nanoseconds. false when they do not fit. */
static bool whole_ns(const char *digits, uint64_t unit_ns, uint64_t *ret_ns)
{
	uint64_t value = 0;

	for (; is_digit(*digits); digits++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*digits - '0'), &value))
			return false;
	}
	return !__builtin_mul_overflow(value, unit_ns, ret_ns);
}

/* The part of a unit behind the point, in nanoseconds, rounded down. */
static uint64_t fraction_ns(const char *digits, uint64_t unit_ns)
{
	uint64_t ns = 0;

	for (unit_ns /= 10; is_digit(*digits) && unit_ns > 0; unit_ns /= 10)
		ns += (uint64_t)(*digits++ - '0') * unit_ns;
	return ns;
}

bool is_duration_text(const char *text)
{
	uint64_t limit = *text == '-' ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
	uint64_t sum = 0;

	text = skip_sign(text);
	if (strcmp(text, "0") == 0)
		return true;
	if (*text == '\0')
		return false;
	while (*text != '\0') {
		const char *end = skip_decimal(text);
		const struct duration_unit *unit = end != NULL ? duration_unit_at(end) : NULL;
		uint64_t ns;

		if (unit == NULL || !whole_ns(text, unit->ns, &ns))
			return false;
		const char *point = skip_digits(text);
		if (*point == '.' &&
		    __builtin_add_overflow(ns, fraction_ns(point + 1, unit->ns), &ns))
			return false;
		if (__builtin_add_overflow(sum, ns, &sum) || sum > limit)
			return false;
		text = end + strlen(unit->name);
	}
	return true;
}
