/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of mappings and sequences that are made by indentation. */
#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/yaml_place.h"
#include "webhook/core/yaml_rendering.h"

static const struct yaml_entry *previous_in_text(const struct yaml_node *node, size_t index)
{
	while (index > 0 && !yaml_is_in_text(&node->entries[index - 1]))
		index--;
	return index > 0 ? &node->entries[index - 1] : NULL;
}

static const struct yaml_entry *next_kept(const struct yaml_node *node, size_t index)
{
	for (size_t i = index + 1; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];

		if (yaml_is_in_text(entry) && entry->change != YAML_REMOVED)
			return entry;
	}
	return NULL;
}

/* A collection of what was added alone. The caller owns it; NULL without memory. */
static json_t *added_alone(const struct yaml_node *node)
{
	json_auto_t *value = node->kind == YAML_MAPPING ? json_object() : json_array();

	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		int failed = 0;

		if (entry->change != YAML_ADDED)
			continue;
		failed = node->kind == YAML_MAPPING
				 ? json_object_set(value, entry->added_key, entry->fresh)
				 : json_array_append(value, entry->fresh);
		if (failed)
			return NULL;
	}
	return TAKE(value);
}

static void write_entry(struct rendering *r, const struct yaml_entry *entry, size_t column)
{
	if (entry->added_key != NULL)
		yaml_write_member(r->out, &r->layout, column, entry->added_key, entry->fresh);
	else
		yaml_write_element(r->out, &r->layout, column, entry->fresh);
}

/* The line before which a new first entry of a sequence stands: above the comments that belong to
 * the one that was first. */
static size_t before_first(const struct rendering *r, size_t dash)
{
	size_t at = yaml_place_line(r->text, dash);

	while (at > r->cursor) {
		size_t above = yaml_place_line(r->text, at - 1);
		size_t blanks = strspn(r->text + above, " \t");

		if (above < r->cursor || r->text[above + blanks] != '#')
			break;
		at = above;
	}
	return at;
}

static int add_to_block(struct rendering *r, const struct yaml_node *node, size_t index,
			size_t column, struct err *err)
{
	const struct yaml_entry *previous = previous_in_text(node, index);
	size_t first = node->begin;

	if (previous != NULL) {
		rendering_copy_lines_to(
			r, yaml_place_line_end(r->text, r->length, previous->value->end));
	} else if (node->kind == YAML_SEQUENCE && yaml_place_is_first(r->text, first)) {
		rendering_copy_to(r, before_first(r, first));
	} else {
		return rendering_refuse(node, err);
	}
	rendering_indent(r, column);
	write_entry(r, &node->entries[index], column);
	strbuf_puts(r->out, "\n");
	return 0;
}

static int remove_from_block(struct rendering *r, const struct yaml_node *node, size_t index,
			     struct err *err)
{
	const struct yaml_entry *entry = &node->entries[index];
	const struct yaml_entry *next = next_kept(node, index);

	if (entry->lead == YAML_NOWHERE)
		return rendering_refuse(node, err);
	if (entry->lead < r->cursor)
		return 0;
	if (yaml_place_is_first(r->text, entry->lead)) {
		rendering_copy_to(r, yaml_place_line(r->text, entry->lead));
		rendering_leave_out(r, yaml_place_line_end(r->text, r->length, entry->value->end));
		return 0;
	}
	/* It stands behind its parent's dash: the next one moves there. */
	if (next == NULL || next->lead == YAML_NOWHERE)
		return rendering_refuse(entry->value, err);
	rendering_copy_to(r, entry->lead);
	rendering_leave_out(r, next->lead);
	return 0;
}

/* Whether a value is written in lines of its own, below its key. */
static bool is_below(const json_t *value)
{
	return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static void write_behind(struct rendering *r, const struct yaml_entry *entry, size_t column,
			 const json_t *value)
{
	if (json_is_string(value)) {
		strbuf_puts(r->out, " ");
		yaml_write_text(r->out, json_string_value(value));
	} else if (entry->key != NULL) {
		yaml_write_behind_key(r->out, &r->layout, column, value);
	} else {
		yaml_write_behind_dash(r->out, &r->layout, column, value);
	}
}

/* Up to the end of the line of `at`, its line feed left. */
static size_t rest_of_line(const struct rendering *r, size_t at)
{
	while (at < r->length && r->text[at] != '\n' && r->text[at] != '\r')
		at++;
	return at;
}

/* Whether the old value stands in the lines below that of its key. */
static bool stands_below(const struct rendering *r, const struct yaml_node *old, size_t from)
{
	size_t blanks = strspn(r->text + from, " \t");

	return yaml_is_collection(old) && old->style == YAML_BLOCK &&
	       strchr("#\r\n", r->text[from + blanks]) != NULL;
}

/* Another value in place of one in the lines below its key. What stands behind the key stays. */
static void replace_below(struct rendering *r, const struct yaml_entry *entry, size_t column,
			  const json_t *value)
{
	size_t line_end = rest_of_line(r, r->cursor);

	if (is_below(value))
		rendering_copy_to(r, line_end);
	/* Nothing is null too. */
	if (!json_is_null(value))
		write_behind(r, entry, column, value);
	rendering_copy_to(r, line_end);
	rendering_leave_out(r, yaml_place_line_end(r->text, r->length, entry->value->end));
	strbuf_puts(r->out, "\n");
}

/* Another value in place of one that begins in the line of its key or dash. */
static void replace_behind(struct rendering *r, const struct yaml_entry *entry, size_t column,
			   const json_t *value)
{
	const struct yaml_node *old = entry->value;

	if (old->style == YAML_BLOCK) {
		/* A comment in its last line goes with it. */
		rendering_leave_out(r, yaml_place_line_end(r->text, r->length, old->end));
		write_behind(r, entry, column, value);
		strbuf_puts(r->out, "\n");
		return;
	}
	rendering_leave_out(r, old->end);
	/* A comment behind it stays in the line of the key. */
	if (is_below(value) && entry->key != NULL)
		rendering_copy_to(r, rest_of_line(r, old->end));
	write_behind(r, entry, column, value);
}

/* Another value in place of one in a block. */
static int replace_in_block(struct rendering *r, const struct yaml_entry *entry, size_t column,
			    const json_t *value, struct err *err)
{
	size_t from = entry->key != NULL
			      ? yaml_place_after_colon(r->text, r->length, entry->key->end)
			      : entry->lead + 1;

	if (entry->lead == YAML_NOWHERE || (entry->key != NULL && from == entry->key->end))
		return rendering_refuse(entry->value, err);
	rendering_copy_to(r, from);
	if (entry->key != NULL && stands_below(r, entry->value, from))
		replace_below(r, entry, column, value);
	else
		replace_behind(r, entry, column, value);
	return 0;
}

/* A collection that was empty, or is now. */
static int make_anew_in_block(struct rendering *r, const struct yaml_entry *entry, size_t column,
			      struct err *err)
{
	json_auto_t *value = added_alone(entry->value);

	if (value == NULL)
		return err_set(err, ENOMEM, "out of memory");
	return replace_in_block(r, entry, column, value, err);
}

static int render_block_entry(struct rendering *r, const struct yaml_node *node, size_t index,
			      size_t column, struct err *err)
{
	const struct yaml_entry *entry = &node->entries[index];
	const struct brackets inline_brackets = {0};

	switch (entry->change) {
	case YAML_ADDED:
		return add_to_block(r, node, index, column, err);
	case YAML_REMOVED:
		return yaml_is_in_text(entry) ? remove_from_block(r, node, index, err) : 0;
	case YAML_REPLACED:
		return replace_in_block(r, entry, column, entry->fresh, err);
	case YAML_KEPT:
		break;
	}
	if (yaml_is_made_anew(entry->value))
		return make_anew_in_block(r, entry, column, err);
	return rendering_node(r, entry->value, &inline_brackets, err);
}

int rendering_block(struct rendering *r, const struct yaml_node *node, struct err *err)
{
	size_t column = rendering_column(r, node->begin);

	for (size_t i = 0; i < node->count; i++) {
		if (render_block_entry(r, node, i, column, err) < 0)
			return err->code;
	}
	return 0;
}
