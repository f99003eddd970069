/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sidewire-inject writes: documents and findings to standard output, and to standard error
 * what became of each object. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_OUTPUT_H
#define SIDEWIRE_WEBHOOK_INJECT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/manifest.h"

struct inject_output {
	bool has_several; /* inputs: the documents of each begin with a `---` */
	bool is_begun;    /* something of this input was written */
	char last;        /* the last character that was written; '\0': none was */
};

/* A place in an input. */
struct inject_place {
	const char *path;
	unsigned int line;
	const struct manifest_object *object; /* NULL: the document */
};

/* Writes a text. What fwrite(3) says. */
int inject_output_text(struct inject_output *output, const char *text, size_t length,
		       struct err *err) __attribute__((nonnull, warn_unused_result));

/* Writes a document as it is. What stands between those of two inputs is added. What fwrite(3)
 * says. */
int inject_output_document(struct inject_output *output, const char *text, size_t length,
			   struct err *err) __attribute__((nonnull, warn_unused_result));

/* Sees that everything is written. What fflush(3) says. */
int inject_output_end(struct err *err) __attribute__((nonnull, warn_unused_result));

/* Tells on standard error what became of something: "web.yaml:3: Deployment "web" injected: ..." */
void inject_output_tell(const struct inject_place *place, const char *format, ...)
	__attribute__((nonnull, format(printf, 2, 3)));

#endif
