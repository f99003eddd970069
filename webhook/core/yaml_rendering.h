/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of yaml_render.c share; for nobody else. */
#ifndef SIDEWIRE_WEBHOOK_YAML_RENDERING_H
#define SIDEWIRE_WEBHOOK_YAML_RENDERING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "webhook/core/yaml_tree.h"
#include "webhook/core/yaml_write.h"

enum { STEP_USUAL = 2 }; /* columns of indentation where the document does not show its own */

/* A text on its way: everything before the cursor is written, or left out. */
struct rendering {
	const char *text; /* borrowed, as `out` is */
	size_t length;
	struct yaml_layout layout;
	struct strbuf *out;
	size_t cursor;
};

/* How the entries of a { } or [ ] stand. */
struct brackets {
	size_t column; /* of the entries, where they stand on lines of their own */
	size_t step;   /* from one level to the next; 0: all in one line */
};

/* Writes what lies before `at`, and is neither written nor left out. */
void rendering_copy_to(struct rendering *r, size_t at) __attribute__((nonnull));

/* The same, and sees that what is written ends with a line feed. */
void rendering_copy_lines_to(struct rendering *r, size_t at) __attribute__((nonnull));

/* Leaves out what lies before `at`, and is not written. */
void rendering_leave_out(struct rendering *r, size_t at) __attribute__((nonnull));

/* Writes so many blanks. */
void rendering_indent(struct rendering *r, size_t column) __attribute__((nonnull));

/* The column of `at`, in bytes from 0. */
size_t rendering_column(const struct rendering *r, size_t at) __attribute__((nonnull));

/* A change that does not fit in at the node. Gives -ENOTSUP. */
int rendering_refuse(const struct yaml_node *node, struct err *err) __attribute__((nonnull));

/* Whether an entry stands in the text: it was not added. */
bool yaml_is_in_text(const struct yaml_entry *entry) __attribute__((nonnull));

/* Whether the node is a mapping or a sequence. */
bool yaml_is_collection(const struct yaml_node *node) __attribute__((nonnull));

/* Whether a collection of the text has lost, or only now gets, all its entries. */
bool yaml_is_made_anew(const struct yaml_node *node) __attribute__((nonnull));

/*
 * Writes what changes in a node: in any one, in one made by indentation, in one made by brackets.
 * `outer` is how the entries stand that it is one of, where they are in brackets. -ENOTSUP, with
 * line and column; -ENOMEM.
 */
int rendering_node(struct rendering *r, const struct yaml_node *node, const struct brackets *outer,
		   struct err *err) __attribute__((nonnull, warn_unused_result));
int rendering_block(struct rendering *r, const struct yaml_node *node, struct err *err)
	__attribute__((nonnull, warn_unused_result));
int rendering_brackets(struct rendering *r, const struct yaml_node *node,
		       const struct brackets *outer, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
