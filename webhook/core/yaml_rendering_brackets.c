/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of mappings and sequences in { } and [ ], JSON among them. */
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/yaml_place.h"
#include "webhook/core/yaml_rendering.h"

/* Columns of blanks at the beginning of the line of `at`. */
static size_t indentation_at(const struct rendering *r, size_t at)
{
	size_t line = yaml_place_line(r->text, at);

	return strspn(r->text + line, " ");
}

/* The first entry that stands in the text; NULL where none does. */
static const struct yaml_entry *first_in_text(const struct yaml_node *node)
{
	size_t i = 0;

	while (i < node->count && !yaml_is_in_text(&node->entries[i]))
		i++;
	return i < node->count ? &node->entries[i] : NULL;
}

/* How new entries of the node stand: as those that are there, or as its own neighbours do. */
static struct brackets brackets_of(const struct rendering *r, const struct yaml_node *node,
				   const struct brackets *outer)
{
	const struct yaml_entry *first = first_in_text(node);
	struct brackets brackets = {0};

	if (first == NULL) {
		if (outer->step > 0)
			brackets = (struct brackets){outer->column + outer->step, outer->step};
		return brackets;
	}
	if (first->lead == YAML_NOWHERE || !yaml_place_is_first(r->text, first->lead))
		return brackets;
	brackets.column = rendering_column(r, first->lead);
	size_t indentation = indentation_at(r, node->begin);
	brackets.step = brackets.column > indentation ? brackets.column - indentation : STEP_USUAL;
	return brackets;
}

static void add_to_brackets(struct rendering *r, const struct yaml_entry *entry,
			    const struct brackets *brackets, bool is_first)
{
	json_auto_t *key = entry->added_key != NULL ? json_string(entry->added_key) : NULL;

	if (entry->added_key != NULL && key == NULL) {
		r->out->is_failed = true;
		return;
	}
	if (!is_first)
		strbuf_puts(r->out, brackets->step > 0 ? "," : ", ");
	if (brackets->step > 0) {
		strbuf_puts(r->out, "\n");
		rendering_indent(r, brackets->column);
	}
	if (key != NULL) {
		yaml_write_json(r->out, 0, 0, key);
		strbuf_puts(r->out, ": ");
	}
	yaml_write_json(r->out, brackets->step, brackets->column, entry->fresh);
}

static int replace_in_brackets(struct rendering *r, const struct yaml_entry *entry,
			       const struct brackets *brackets, struct err *err)
{
	const struct yaml_node *old = entry->value;

	if (entry->key != NULL && old->begin == entry->key->end)
		return rendering_refuse(old, err);
	rendering_copy_to(r, old->begin);
	if (old->begin == old->end)
		strbuf_puts(r->out, " ");
	yaml_write_json(r->out, brackets->step, brackets->column, entry->fresh);
	rendering_leave_out(r, old->end);
	return 0;
}

/* What is between two entries, or before the first, where those before may have gone or come. */
static void copy_gap(struct rendering *r, const struct yaml_node *node,
		     const struct yaml_entry *entry, bool was_first, bool is_first)
{
	const struct yaml_entry *first = first_in_text(node);

	if (was_first && !is_first)
		strbuf_puts(r->out, entry->lead > r->cursor ? "," : ", ");
	if (!was_first && is_first && first != NULL) {
		strbuf_append(r->out, r->text + node->begin + 1, first->lead - node->begin - 1);
		rendering_leave_out(r, entry->lead);
	}
}

int rendering_brackets(struct rendering *r, const struct yaml_node *node,
		       const struct brackets *outer, struct err *err)
{
	struct brackets brackets = brackets_of(r, node, outer);
	size_t previous_end = node->begin + 1;
	bool was_first = true;
	bool is_first = true;

	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		int status = 0;

		rendering_copy_to(r, previous_end);
		if (yaml_is_in_text(entry))
			previous_end = entry->value->end;
		if (entry->change == YAML_ADDED) {
			add_to_brackets(r, entry, &brackets, is_first);
		} else if (entry->change == YAML_REMOVED) {
			rendering_leave_out(r, yaml_is_in_text(entry) ? previous_end : 0);
		} else {
			copy_gap(r, node, entry, was_first, is_first);
			status = entry->change == YAML_REPLACED
					 ? replace_in_brackets(r, entry, &brackets, err)
					 : rendering_node(r, entry->value, &brackets, err);
		}
		if (status < 0)
			return status;
		was_first = was_first && !yaml_is_in_text(entry);
		is_first = is_first && entry->change == YAML_REMOVED;
	}
	rendering_copy_to(r, previous_end);
	if (yaml_is_made_anew(node)) {
		rendering_leave_out(r, node->end - 1);
		if (!is_first && brackets.step > 0) {
			strbuf_puts(r->out, "\n");
			rendering_indent(r, brackets.column - brackets.step);
		}
	}
	return 0;
}
