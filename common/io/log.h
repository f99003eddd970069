/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one JSON object a line on stderr, for main and I/O handlers only.
 *
 *   struct log_line line;
 *   log_begin(&line, LOG_INFO, "listening");
 *   log_text(&line, "address", "[::]:8443");
 *   log_end(&line);
 *
 * A line is built in memory and written by one write(2) of at most LOG_LINE_SIZE bytes, so lines of
 * several threads never mix, also not in a pipe (PIPE_BUF). What does not fit is cut, and the line
 * stays valid JSON.
 */
#ifndef SIDEWIRE_IO_LOG_H
#define SIDEWIRE_IO_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum { LOG_LINE_SIZE = 4096 }; /* bytes with the newline; PIPE_BUF on Linux */

enum log_level {
	LOG_INFO,
	LOG_WARNING,
	LOG_ERROR,
};

struct log_line {
	char text[LOG_LINE_SIZE];
	size_t length;
	bool is_full; /* a value was cut; later fields are left out */
};

/* Begins a line with time (RFC 3339, UTC, microseconds), level and msg. */
void log_begin(struct log_line *line, enum log_level level, const char *msg)
	__attribute__((nonnull));

/* Adds a string; NULL is left out. Bytes that are no UTF-8 become U+FFFD. */
void log_text(struct log_line *line, const char *key, const char *value)
	__attribute__((nonnull(1, 2)));

/* Adds a number. */
void log_number(struct log_line *line, const char *key, long long value) __attribute__((nonnull));

/* Completes the line and writes it; a write that fails is nobody's to mend. */
void log_end(struct log_line *line) __attribute__((nonnull));

#endif
