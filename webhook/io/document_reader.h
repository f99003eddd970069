/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a stream of YAML or JSON documents one by one: it holds one at a time. */
#ifndef SIDEWIRE_WEBHOOK_DOCUMENT_READER_H
#define SIDEWIRE_WEBHOOK_DOCUMENT_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct document_reader {
	int fd;       /* borrowed */
	char *buffer; /* owned */
	size_t size;  /* of the buffer, but for a NUL behind it */
	size_t begin, end;
	bool is_complete;  /* nothing more will come from fd */
	unsigned int line; /* the next document's first one, from 1 */
	char hidden;       /* what stood where the last document's NUL is */
};

struct document {
	const char *text; /* with a NUL behind it; until the next one is read */
	size_t length;
	unsigned int line; /* its first line, from 1 */
};

/* A reader at the beginning of a stream. The caller releases it. -ENOMEM. */
int document_reader_init(struct document_reader *reader, int fd, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The next document: 1, or 0 where there is none. -EFBIG over YAML_MANIFEST_SIZE_MAX; what read(2)
 * says; -ENOMEM.
 */
int document_reader_next(struct document_reader *reader, struct document *ret_document,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees the buffer. For CLEANUP(). */
void document_reader_release(struct document_reader *reader) __attribute__((nonnull));

#endif
