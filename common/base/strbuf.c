/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/strbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

enum {
	STRBUF_FIRST_CAPACITY = 128,
	STRBUF_PRINTF_ROOM = 24, /* bytes; what is printed mostly fits: a number */
};

/* Makes room for `more` bytes and the NUL. false when that cannot be had; the buffer is then
 * marked. */
static bool reserve(struct strbuf *buf, size_t more)
{
	if (buf->is_failed)
		return false;
	if (more >= SIZE_MAX / 2 - buf->length) {
		buf->is_failed = true;
		return false;
	}
	size_t needed = buf->length + more + 1;
	if (needed <= buf->capacity)
		return true;
	size_t capacity = buf->capacity > 0 ? buf->capacity * 2 : STRBUF_FIRST_CAPACITY;
	if (capacity < needed)
		capacity = needed;
	char *data = realloc(buf->data, capacity);
	if (data == NULL) {
		buf->is_failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void strbuf_append(struct strbuf *buf, const char *text, size_t length)
{
	if (!reserve(buf, length))
		return;
	memcpy(buf->data + buf->length, text, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
	strbuf_append(buf, text, strlen(text));
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	if (!reserve(buf, STRBUF_PRINTF_ROOM))
		return;
	size_t room = buf->capacity - buf->length;
	va_start(args, format);
	int needed = vsnprintf(buf->data + buf->length, room, format, args);
	va_end(args);
	if (needed < 0 || !reserve(buf, (size_t)needed)) {
		buf->data[buf->length] = '\0';
		buf->is_failed = true;
		return;
	}
	if ((size_t)needed >= room) {
		va_start(args, format);
		vsnprintf(buf->data + buf->length, (size_t)needed + 1, format, args);
		va_end(args);
	}
	buf->length += (size_t)needed;
}

int strbuf_finish(struct strbuf *buf, char **ret_text, struct err *err)
{
	strbuf_puts(buf, "");
	if (buf->is_failed) {
		strbuf_release(buf);
		return err_set(err, ENOMEM, "out of memory");
	}
	*ret_text = TAKE(buf->data);
	strbuf_release(buf);
	return 0;
}

void strbuf_release(struct strbuf *buf)
{
	free(buf->data);
	*buf = STRBUF_INIT;
}
