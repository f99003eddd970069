/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a document with the changes that yaml_patch_apply() has noted in its tree. */
#ifndef SIDEWIRE_WEBHOOK_YAML_RENDER_H
#define SIDEWIRE_WEBHOOK_YAML_RENDER_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "webhook/core/yaml_tree.h"

/*
 * Appends the text: every byte as it was, comments and blank lines too, but for what changed. What
 * is new is written in the manner of the document: JSON stays JSON, and blocks are indented as
 * those that are there. What it means is for the caller to see: the text is to be read back.
 * -ENOTSUP, with line and column, where the text is written in a way that a change does not fit
 * into; -ENOMEM.
 */
int yaml_render(const struct yaml_tree *tree, struct strbuf *out, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Appends the value as a whole document in the manner of the one that it stands for: JSON, or
 * YAML with its indentation. Comments are lost. -ENOMEM.
 */
int yaml_render_anew(const struct yaml_tree *tree, const json_t *value, struct strbuf *out,
		     struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
