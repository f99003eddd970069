/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as text. Not by json_dumps(): where its buffer cannot grow for a key, that leaves the key
 * out, and does not say so (jansson 2.14, dump.c).
 */
#ifndef SIDEWIRE_BASE_JSON_TEXT_H
#define SIDEWIRE_BASE_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* The value as text, by the flags of json_dumps(); the caller frees it. NULL without memory, and
 * for NULL. */
char *json_text(const json_t *value, size_t flags);

#endif
