/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What making an undo tree and applying it have to write and to read alike: how a node says that
 * something was added, and by what name an element of a list is in the tree.
 */
#ifndef SIDEWIRE_WEBHOOK_UNDO_NODE_H
#define SIDEWIRE_WEBHOOK_UNDO_NODE_H

#include <jansson.h>

#include "webhook/core/merge_keys.h"

#define UNDO_ADDED "added"
#define UNDO_ADDED_SO "added:" /* before a digest */

enum { UNDO_NUMBER_SIZE = 24 }; /* an int64 in text, with its NUL */

/* The rules of a list's elements: what is below the list's. */
struct merge_rule undo_element_rule(const struct merge_rule *list) __attribute__((nonnull));

/*
 * The name of a list's element in the tree; NULL when it has none, as all of an atomic list. Lives
 * as long as the element and `number`, where a number is written.
 */
const char *undo_node_name(const struct merge_rule *list, json_t *element,
			   char number[static UNDO_NUMBER_SIZE]) __attribute__((nonnull(1, 3)));

#endif
