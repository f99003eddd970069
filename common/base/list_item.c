/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/list_item.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *list_items(const char *text)
{
	return *text == '\0' ? NULL : text;
}

bool list_item_next(const char **rest, struct list_item *ret_item)
{
	const char *start = *rest;

	if (start == NULL)
		return false;
	const char *end = strchrnul(start, ',');
	*rest = *end == '\0' ? NULL : end + 1;
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	*ret_item = (struct list_item){start, (size_t)(end - start)};
	return true;
}
