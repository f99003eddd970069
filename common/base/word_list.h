/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fixed list of words, the end of which is NULL. */
#ifndef SIDEWIRE_BASE_WORD_LIST_H
#define SIDEWIRE_BASE_WORD_LIST_H

#include <stdbool.h>

/* Whether the text is one of the words, byte for byte. */
bool word_list_has(const char *const *words, const char *text) __attribute__((nonnull));

#endif
