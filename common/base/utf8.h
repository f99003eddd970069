/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF). */
#ifndef SIDEWIRE_BASE_UTF8_H
#define SIDEWIRE_BASE_UTF8_H

#include <stddef.h>

/*
 * Bytes of the character at the beginning of the `length` bytes of `text`, 1 to 4; 0 when there is
 * none. A NUL is a character of one byte.
 */
size_t utf8_length(const char *text, size_t length) __attribute__((nonnull));

/*
 * Makes text that was cut at a byte count UTF-8 again, in place, so that JSON can hold it: bytes at
 * the end that are no whole character are left out, all others that belong to none become '?'.
 */
void utf8_repair(char *text) __attribute__((nonnull));

#endif
