/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A string that grows. Allocation failure is sticky: appending goes on as a no-op, and
 * strbuf_finish() reports it once, so that building text needs no check a line.
 */
#ifndef SIDEWIRE_BASE_STRBUF_H
#define SIDEWIRE_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct strbuf {
	char *data;      /* NUL terminated once something was appended; owned */
	size_t length;   /* bytes before the NUL */
	size_t capacity; /* bytes allocated */
	bool is_failed;  /* an allocation failed: the content is incomplete */
};

#define STRBUF_INIT ((struct strbuf){0})

/* Appends `length` bytes of `text`, which may hold NULs. */
void strbuf_append(struct strbuf *buf, const char *text, size_t length) __attribute__((nonnull));

/* Appends a NUL terminated string. */
void strbuf_puts(struct strbuf *buf, const char *text) __attribute__((nonnull));

/* Appends formatted text. */
void strbuf_printf(struct strbuf *buf, const char *format, ...)
	__attribute__((nonnull(1, 2), format(printf, 2, 3)));

/*
 * Hands the text over to the caller, who frees it; the buffer is empty afterwards. Never NULL on
 * success. -ENOMEM when any append had failed.
 */
int strbuf_finish(struct strbuf *buf, char **ret_text, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the content and makes the buffer empty. For CLEANUP(). */
void strbuf_release(struct strbuf *buf) __attribute__((nonnull));

#endif
