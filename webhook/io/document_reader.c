/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/document_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "webhook/core/document_split.h"
#include "webhook/core/yaml_json.h"

enum { SIZE_FIRST = 64 * 1024 };

int document_reader_init(struct document_reader *reader, int fd, struct err *err)
{
	char *buffer = malloc(SIZE_FIRST + 1);

	if (buffer == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*reader =
		(struct document_reader){.fd = fd, .buffer = buffer, .size = SIZE_FIRST, .line = 1};
	return 0;
}

/* Makes room behind what is there: by moving it to the front, or in a larger buffer. */
static int make_room(struct document_reader *reader, struct err *err)
{
	size_t length = reader->end - reader->begin;
	size_t size = 2 * reader->size;

	if (reader->begin > 0) {
		memmove(reader->buffer, reader->buffer + reader->begin, length);
	} else if (length == reader->size) {
		if (size > YAML_MANIFEST_SIZE_MAX)
			return err_set(err, EFBIG, "line %u: a document of more than %d bytes",
				       reader->line, YAML_MANIFEST_SIZE_MAX);
		char *buffer = realloc(reader->buffer, size + 1);
		if (buffer == NULL)
			return err_set(err, ENOMEM, "out of memory");
		reader->buffer = buffer;
		reader->size = size;
	}
	reader->begin = 0;
	reader->end = length;
	return 0;
}

/* Fills the buffer: whoever looks for the end of a document begins at its beginning each time. */
static int fill(struct document_reader *reader, struct err *err)
{
	int r = make_room(reader, err);

	while (r == 0 && !reader->is_complete && reader->end < reader->size) {
		ssize_t count =
			read(reader->fd, reader->buffer + reader->end, reader->size - reader->end);

		if (count < 0 && errno != EINTR)
			return err_set(err, errno, "cannot be read: %s", strerror(errno));
		if (count > 0)
			reader->end += (size_t)count;
		reader->is_complete = count == 0;
	}
	return r;
}

int document_reader_next(struct document_reader *reader, struct document *ret_document,
			 struct err *err)
{
	size_t length = 0;

	/* Before the first document nothing was hidden, and nothing is there. */
	reader->buffer[reader->begin] = reader->hidden;
	while (length == 0) {
		if (reader->begin < reader->end)
			length = document_length(reader->buffer + reader->begin,
						 reader->end - reader->begin, reader->is_complete);
		if (length == 0 && reader->is_complete)
			return 0;
		if (length == 0 && fill(reader, err) < 0)
			return err->code;
	}
	*ret_document = (struct document){
		.text = reader->buffer + reader->begin, .length = length, .line = reader->line};
	reader->line += document_lines(ret_document->text, length);
	reader->begin += length;
	reader->hidden = reader->buffer[reader->begin];
	reader->buffer[reader->begin] = '\0';
	return 1;
}

void document_reader_release(struct document_reader *reader)
{
	free(reader->buffer);
	*reader = (struct document_reader){.fd = -1};
}
