/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/parse_num.h"

#include <errno.h>
#include <stdbool.h>

enum {
	U32_DIGITS_MAX = 10,
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

static bool is_decimal(const char *text, size_t length)
{
	if (length == 0 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

int parse_u32(const char *text, size_t length, uint32_t min, uint32_t max, uint32_t *ret_value,
	      struct err *err)
{
	int shown = length > SHOWN_MAX ? SHOWN_MAX : (int)length;
	uint64_t value = 0;

	if (!is_decimal(text, length))
		return err_set(err, EINVAL, "'%.*s' is not a number from %u to %u", shown, text,
			       min, max);
	for (size_t i = 0; i < length && i <= U32_DIGITS_MAX; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (length > U32_DIGITS_MAX || value < min || value > max)
		return err_set(err, ERANGE, "'%.*s' is not in %u to %u", shown, text, min, max);
	*ret_value = (uint32_t)value;
	return 0;
}
