/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/inject_output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MARKER "---"

static int cannot_write(struct err *err)
{
	return err_set(err, errno, "standard output: cannot be written: %s", strerror(errno));
}

int inject_output_text(struct inject_output *output, const char *text, size_t length,
		       struct err *err)
{
	if (length == 0)
		return 0;
	output->last = text[length - 1];
	return fwrite(text, 1, length, stdout) == length ? 0 : cannot_write(err);
}

int inject_output_document(struct inject_output *output, const char *text, size_t length,
			   struct err *err)
{
	bool is_first = !output->is_begun;
	bool has_marker = length >= strlen(MARKER) && memcmp(text, MARKER, strlen(MARKER)) == 0;
	int r = 0;

	output->is_begun = true;
	if (is_first && output->last != '\0' && output->last != '\n')
		r = inject_output_text(output, "\n", 1, err);
	if (r == 0 && is_first && output->has_several && !has_marker)
		r = inject_output_text(output, MARKER "\n", strlen(MARKER) + 1, err);
	return r < 0 ? r : inject_output_text(output, text, length, err);
}

int inject_output_end(struct err *err)
{
	return fflush(stdout) == 0 ? 0 : cannot_write(err);
}

void inject_output_tell(const struct inject_place *place, const char *format, ...)
{
	const struct manifest_object *object = place->object;
	char what[ERR_MSG_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	fprintf(stderr, "%s:%u: ", place->path, place->line);
	if (object != NULL && *object->kind != '\0')
		fprintf(stderr, "%s ", object->kind);
	if (object != NULL && *object->name != '\0')
		fprintf(stderr, "\"%s\" ", object->name);
	fprintf(stderr, "%s\n", what);
}
