/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON values as YAML text, such that YAML 1.1 and 1.2 read the same: blocks for sequences and
 * mappings, | for texts of several lines, quotes wherever a plain text could be something else.
 */
#ifndef SIDEWIRE_WEBHOOK_YAML_WRITE_H
#define SIDEWIRE_WEBHOOK_YAML_WRITE_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/strbuf.h"

/* How far things stand to the right, in columns. */
struct yaml_layout {
	size_t step;      /* a mapping, from the key that it belongs to; at least 1 */
	size_t dash_step; /* the dashes of a sequence, from the key that it belongs to */
};

/* Appends "key: value". The key stands at `column` (from 0), where the cursor is; no line feed at
 * the end. */
void yaml_write_member(struct strbuf *out, const struct yaml_layout *layout, size_t column,
		       const char *key, const json_t *value) __attribute__((nonnull));

/* Appends "- value", the dash standing at `column`. */
void yaml_write_element(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			const json_t *value) __attribute__((nonnull));

/* Appends what stands behind the colon of a key at `column`: " value", or lines of their own. */
void yaml_write_behind_key(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			   const json_t *value) __attribute__((nonnull));

/* Appends what stands behind the dash at `column`. */
void yaml_write_behind_dash(struct strbuf *out, const struct yaml_layout *layout, size_t column,
			    const json_t *value) __attribute__((nonnull));

/*
 * Appends the value as JSON, which YAML takes inside of brackets: in one line where `step` is 0,
 * else indented by `step` a level, its first line standing at `column`.
 */
void yaml_write_json(struct strbuf *out, size_t step, size_t column, const json_t *value)
	__attribute__((nonnull));

/* Appends the text as a scalar of one line: a key, or a value. */
void yaml_write_text(struct strbuf *out, const char *text) __attribute__((nonnull));

#endif
