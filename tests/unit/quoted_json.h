/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in C sources: written with ' in place of ", so that it can be read. */
#ifndef SIDEWIRE_TESTS_QUOTED_JSON_H
#define SIDEWIRE_TESTS_QUOTED_JSON_H

#include <jansson.h>

/* The value of the text, any JSON; the caller owns it. Ends the program when it is no JSON. */
json_t *quoted_json(const char *text) __attribute__((nonnull));

/* The value as compact text in the same writing; the caller frees it. "(nothing)" for NULL. */
char *quoted_json_text(const json_t *value);

#endif
