/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks a comma list, the form of every list in annotations, profiles and the redirect document. */
#ifndef SIDEWIRE_BASE_LIST_ITEM_H
#define SIDEWIRE_BASE_LIST_ITEM_H

#include <stdbool.h>
#include <stddef.h>

struct list_item {
	const char *text; /* into the list's text, blanks around it left out; not NUL terminated */
	size_t length;    /* 0 for an empty item, as in "80,,90": whoever parses items refuses it */
};

/* Where to start: the text, or NULL (no items) when it is empty. */
const char *list_items(const char *text) __attribute__((nonnull));

/* Takes the next item from `*rest`, which list_items() has started. false, with nothing written, at
 * the end. */
bool list_item_next(const char **rest, struct list_item *ret_item) __attribute__((nonnull));

#endif
