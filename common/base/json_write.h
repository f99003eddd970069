/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON (RFC 8259) without a detour: straight behind what a buffer holds. jansson's dump
 * looks for a value inside itself at every nesting, and at every character whether it is UTF-8; a
 * tree of values that were read, or made of what was, can be neither.
 */
#ifndef SIDEWIRE_BASE_JSON_WRITE_H
#define SIDEWIRE_BASE_JSON_WRITE_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/strbuf.h"

/*
 * Appends a value without white space: the same bytes as json_dumps() with JSON_COMPACT and
 * JSON_ENCODE_ANY. No value may be inside itself, and all texts are UTF-8. Calls itself for each
 * nesting, of which json_read_text() lets in 2048.
 */
void json_write_value(json_t *value, struct strbuf *buf) __attribute__((nonnull));

/* Appends a string: `text` of `length` bytes of UTF-8, in quotes, escaped (RFC 8259 section 7). */
void json_write_text(const char *text, size_t length, struct strbuf *buf) __attribute__((nonnull));

#endif
