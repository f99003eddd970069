/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places in the text of a YAML document, between what a parser gives marks for: blanks, comments,
 * colons, dashes, ends of lines. All are byte offsets; `length` is that of the text.
 */
#ifndef SIDEWIRE_WEBHOOK_YAML_PLACE_H
#define SIDEWIRE_WEBHOOK_YAML_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* Behind blanks, ends of lines and comments that stand at `from`. */
size_t yaml_place_skip(const char *text, size_t length, size_t from) __attribute__((nonnull));

/* Behind the colon that follows a key which ends at `key_end`; key_end where none does. */
size_t yaml_place_after_colon(const char *text, size_t length, size_t key_end)
	__attribute__((nonnull));

/* The dash of the next entry of a block sequence, behind whatever ended at `from`; YAML_NOWHERE
 * where there is none. */
size_t yaml_place_dash(const char *text, size_t length, size_t from) __attribute__((nonnull));

/* The | or > of the block scalar that comes at or behind `from`; `from` where there is none. */
size_t yaml_place_block_header(const char *text, size_t length, size_t from)
	__attribute__((nonnull));

/*
 * Behind the last line of a block scalar: its header is at `header`, its lines from `first` to
 * `stop`, which may lie behind blank lines, and behind the indentation of whatever follows. Blank
 * lines at the end belong to it only where the header says so (+).
 */
size_t yaml_place_block_end(const char *text, size_t header, size_t first, size_t stop)
	__attribute__((nonnull));

/* The first byte of the line that `at` is on. */
size_t yaml_place_line(const char *text, size_t at) __attribute__((nonnull));

/* Behind the line feed that ends the line of `at`, or the end of the text; `at` itself where it is
 * the first byte of a line. */
size_t yaml_place_line_end(const char *text, size_t length, size_t at) __attribute__((nonnull));

/* Whether nothing but blanks stands before `at` on its line. */
bool yaml_place_is_first(const char *text, size_t at) __attribute__((nonnull));

#endif
