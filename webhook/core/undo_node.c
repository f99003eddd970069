/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/undo_node.h"

#include <stdio.h>
#include <string.h>

struct merge_rule undo_element_rule(const struct merge_rule *list)
{
	return (struct merge_rule){.kind = MERGE_ATOMIC, .below = list->below};
}

const char *undo_node_name(const struct merge_rule *list, json_t *element,
			   char number[static UNDO_NUMBER_SIZE])
{
	json_t *identity = merge_identity_of(list, element);
	const char *text = json_string_value(identity);

	if (text != NULL)
		return strlen(text) == json_string_length(identity) ? text : NULL;
	if (!json_is_integer(identity))
		return NULL;
	snprintf(number, UNDO_NUMBER_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(identity));
	return number;
}
