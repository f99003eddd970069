/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts by name, in little memory: a few bytes each beside the two. Thousands of them. */
#ifndef SIDEWIRE_WEBHOOK_NAMED_TEXTS_H
#define SIDEWIRE_WEBHOOK_NAMED_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

/* Begins zeroed. */
struct named_texts {
	char **entries; /* sorted by name; each a name, a NUL, and its text; owned */
	size_t count;
	size_t capacity;
};

/* Frees what is in it, and zeroes it. */
void named_texts_release(struct named_texts *texts) __attribute__((nonnull));

/* Puts a text in place of the name's one before. false without memory: then the name has none.
 * Those that come sorted are put in fastest. */
bool named_texts_put(struct named_texts *texts, const char *name, const char *text)
	__attribute__((nonnull, warn_unused_result));

/* Takes a name's text away, if it has one. Whether it had. */
bool named_texts_remove(struct named_texts *texts, const char *name) __attribute__((nonnull));

/* The text of a name, borrowed until the texts change; NULL when it has none. */
const char *named_texts_find(const struct named_texts *texts, const char *name)
	__attribute__((nonnull));

/* The text of an entry, whose beginning is the name. */
const char *named_texts_text(const char *entry) __attribute__((nonnull));

#endif
