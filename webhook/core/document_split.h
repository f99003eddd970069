/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where one document of a stream ends and the next begins, so that a stream can be read document by
 * document, and written again byte for byte. */
#ifndef SIDEWIRE_WEBHOOK_DOCUMENT_SPLIT_H
#define SIDEWIRE_WEBHOOK_DOCUMENT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the first document of a text: up to the next line `---`, or behind a line `...`
 * (YAML 1.2.2, 9.1: neither can be inside of a document, not even in a text of several lines). What
 * stands before its own `---`, comments and directives, belongs to it. A document that is JSON ends
 * behind its last bracket as well. 0 where more of the text is needed to know; never where
 * `is_complete`, since no more will come.
 */
size_t document_length(const char *text, size_t length, bool is_complete) __attribute__((nonnull));

/* Lines that end in the text. */
unsigned int document_lines(const char *text, size_t length) __attribute__((nonnull));

#endif
