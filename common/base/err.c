/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

/* Marks a message that did not fit, so that nobody takes a half sentence for the whole, and mends
 * characters that were cut in it or that came from outside. */
static void finish_message(char msg[static ERR_MSG_SIZE], int needed)
{
	if (needed >= ERR_MSG_SIZE)
		memcpy(msg + ERR_MSG_SIZE - 4, "...", 4);
	utf8_repair(msg);
}

int err_record(struct err *err, int errnum, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int needed = vsnprintf(err->msg, sizeof(err->msg), format, args);
	va_end(args);
	finish_message(err->msg, needed);
	err->code = -errnum;
	return err->code;
}

int err_record_context(struct err *err, const char *format, ...)
{
	char inner[ERR_MSG_SIZE];
	char context[ERR_MSG_SIZE];
	va_list args;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(args, format);
	vsnprintf(context, sizeof(context), format, args);
	va_end(args);
	int needed = snprintf(err->msg, sizeof(err->msg), "%s: %s", context, inner);
	finish_message(err->msg, needed);
	return err->code;
}

void err_keep_first(int r, const struct err *cause, int *first, struct err *err)
{
	if (r >= 0 || *first < 0)
		return;
	*first = r;
	*err = *cause;
}
