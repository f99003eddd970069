/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manifests from files and standard input, document by document. */
#ifndef SIDEWIRE_WEBHOOK_MANIFEST_STREAM_H
#define SIDEWIRE_WEBHOOK_MANIFEST_STREAM_H

#include <stdbool.h>

#include "common/base/err.h"
#include "webhook/io/document_reader.h"
#include "webhook/io/yaml_files.h"

#define MANIFEST_STREAM_STDIN "-"

/* A document, and where it is from. Borrowed. */
struct manifest_source {
	const char *path; /* "stdin" for standard input */
	struct document document;
};

/* Is given every document. What it fails with ends the reading. */
typedef int manifest_handler(void *context, const struct manifest_source *source, struct err *err);

/* Adds the files that an argument means: itself, or those of the directory that it is. */
int manifest_stream_find(const char *argument, bool is_recursive, struct path_list *list,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Reads one file, or standard input for "-". What opening and reading say, and what the handler
 * fails with, all with the path before it; -ENOMEM.
 */
int manifest_stream_file(const char *path, manifest_handler *handler, void *context,
			 struct err *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));

#endif
