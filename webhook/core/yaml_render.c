/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_render.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/yaml_place.h"
#include "webhook/core/yaml_write.h"

enum { STEP_USUAL = 2 }; /* columns of indentation where the document does not show its own */

/* A text on its way: everything before the cursor is written, or left out. */
struct rendering {
	const char *text;
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

static int render_node(struct rendering *r, const struct yaml_node *node,
		       const struct brackets *outer, struct err *err);

static void copy_to(struct rendering *r, size_t at)
{
	if (at <= r->cursor)
		return;
	strbuf_append(r->out, r->text + r->cursor, at - r->cursor);
	r->cursor = at;
}

static void leave_out(struct rendering *r, size_t at)
{
	if (at > r->cursor)
		r->cursor = at;
}

/* Writes what lies before `at`, and sees that it ends with a line feed. */
static void copy_lines_to(struct rendering *r, size_t at)
{
	copy_to(r, at);
	if (r->out->length > 0 && r->out->data[r->out->length - 1] != '\n')
		strbuf_puts(r->out, "\n");
}

static void indent(struct rendering *r, size_t column)
{
	strbuf_printf(r->out, "%*s", (int)column, "");
}

static size_t column_of(const struct rendering *r, size_t at)
{
	return at - yaml_place_line(r->text, at);
}

/* Columns of blanks at the beginning of the line of `at`. */
static size_t indentation_at(const struct rendering *r, size_t at)
{
	size_t line = yaml_place_line(r->text, at);

	return strspn(r->text + line, " ");
}

static int not_here(const struct yaml_node *node, struct err *err)
{
	err_set(err, ENOTSUP, "what is to be changed cannot be changed in this writing");
	return yaml_at(node, err);
}

static bool is_in_text(const struct yaml_entry *entry)
{
	return entry->value != NULL;
}

static bool is_collection(const struct yaml_node *node)
{
	return node->kind == YAML_MAPPING || node->kind == YAML_SEQUENCE;
}

static const struct yaml_entry *previous_in_text(const struct yaml_node *node, size_t index)
{
	while (index > 0 && !is_in_text(&node->entries[index - 1]))
		index--;
	return index > 0 ? &node->entries[index - 1] : NULL;
}

static const struct yaml_entry *next_kept(const struct yaml_node *node, size_t index)
{
	for (size_t i = index + 1; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];

		if (is_in_text(entry) && entry->change != YAML_REMOVED)
			return entry;
	}
	return NULL;
}

/* Whether a collection of the text has lost, or only now gets, all its entries. */
static bool is_made_anew(const struct yaml_node *node)
{
	size_t in_text = 0;
	size_t kept = 0;

	for (size_t i = 0; i < node->count; i++) {
		in_text += is_in_text(&node->entries[i]);
		kept += is_in_text(&node->entries[i]) && node->entries[i].change != YAML_REMOVED;
	}
	return is_collection(node) && kept == 0 && (in_text > 0 || node->count > 0);
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

/* --- blocks --- */

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
		copy_lines_to(r, yaml_place_line_end(r->text, r->length, previous->value->end));
	} else if (node->kind == YAML_SEQUENCE && yaml_place_is_first(r->text, first)) {
		copy_to(r, before_first(r, first));
	} else {
		return not_here(node, err);
	}
	indent(r, column);
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
		return not_here(node, err);
	if (entry->lead < r->cursor)
		return 0;
	if (yaml_place_is_first(r->text, entry->lead)) {
		copy_to(r, yaml_place_line(r->text, entry->lead));
		leave_out(r, yaml_place_line_end(r->text, r->length, entry->value->end));
		return 0;
	}
	/* It stands behind its parent's dash: the next one moves there. */
	if (next == NULL || next->lead == YAML_NOWHERE)
		return not_here(entry->value, err);
	copy_to(r, entry->lead);
	leave_out(r, next->lead);
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

	return is_collection(old) && old->style == YAML_BLOCK &&
	       strchr("#\r\n", r->text[from + blanks]) != NULL;
}

/* Another value in place of one in the lines below its key. What stands behind the key stays. */
static void replace_below(struct rendering *r, const struct yaml_entry *entry, size_t column,
			  const json_t *value)
{
	size_t line_end = rest_of_line(r, r->cursor);

	if (is_below(value))
		copy_to(r, line_end);
	/* Nothing is null too. */
	if (!json_is_null(value))
		write_behind(r, entry, column, value);
	copy_to(r, line_end);
	leave_out(r, yaml_place_line_end(r->text, r->length, entry->value->end));
	strbuf_puts(r->out, "\n");
}

/* Another value in place of one that begins in the line of its key or dash. */
static void replace_behind(struct rendering *r, const struct yaml_entry *entry, size_t column,
			   const json_t *value)
{
	const struct yaml_node *old = entry->value;

	if (old->style == YAML_BLOCK) {
		/* A comment in its last line goes with it. */
		leave_out(r, yaml_place_line_end(r->text, r->length, old->end));
		write_behind(r, entry, column, value);
		strbuf_puts(r->out, "\n");
		return;
	}
	leave_out(r, old->end);
	/* A comment behind it stays in the line of the key. */
	if (is_below(value) && entry->key != NULL)
		copy_to(r, rest_of_line(r, old->end));
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
		return not_here(entry->value, err);
	copy_to(r, from);
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
		return is_in_text(entry) ? remove_from_block(r, node, index, err) : 0;
	case YAML_REPLACED:
		return replace_in_block(r, entry, column, entry->fresh, err);
	case YAML_KEPT:
		break;
	}
	if (is_made_anew(entry->value))
		return make_anew_in_block(r, entry, column, err);
	return render_node(r, entry->value, &inline_brackets, err);
}

static int render_block(struct rendering *r, const struct yaml_node *node, struct err *err)
{
	size_t column = column_of(r, node->begin);

	for (size_t i = 0; i < node->count; i++) {
		if (render_block_entry(r, node, i, column, err) < 0)
			return err->code;
	}
	return 0;
}

/* --- brackets --- */

/* How new entries of the node stand: as those that are there, or as its own neighbours do. */
static struct brackets brackets_of(const struct rendering *r, const struct yaml_node *node,
				   const struct brackets *outer)
{
	const struct yaml_entry *first = previous_in_text(node, node->count);
	struct brackets brackets = {0};

	if (first == NULL) {
		if (outer->step > 0)
			brackets = (struct brackets){outer->column + outer->step, outer->step};
		return brackets;
	}
	first = &node->entries[0];
	while (!is_in_text(first))
		first++;
	if (first->lead == YAML_NOWHERE || !yaml_place_is_first(r->text, first->lead))
		return brackets;
	brackets.column = column_of(r, first->lead);
	size_t indentation = indentation_at(r, node->begin);
	brackets.step = brackets.column > indentation ? brackets.column - indentation : STEP_USUAL;
	return brackets;
}

static void add_to_brackets(struct rendering *r, const struct yaml_entry *entry,
			    const struct brackets *brackets, bool is_first)
{
	json_auto_t *key = entry->added_key != NULL ? json_string(entry->added_key) : NULL;

	if (!is_first)
		strbuf_puts(r->out, brackets->step > 0 ? "," : ", ");
	if (brackets->step > 0) {
		strbuf_puts(r->out, "\n");
		indent(r, brackets->column);
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
		return not_here(old, err);
	copy_to(r, old->begin);
	if (old->begin == old->end)
		strbuf_puts(r->out, " ");
	yaml_write_json(r->out, brackets->step, brackets->column, entry->fresh);
	leave_out(r, old->end);
	return 0;
}

/* What is between two entries, or before the first, where those before may have gone or come. */
static void copy_gap(struct rendering *r, const struct yaml_node *node,
		     const struct yaml_entry *entry, bool was_first, bool is_first)
{
	const struct yaml_entry *first = &node->entries[0];

	while (!is_in_text(first))
		first++;
	if (was_first && !is_first)
		strbuf_puts(r->out, entry->lead > r->cursor ? "," : ", ");
	if (!was_first && is_first) {
		strbuf_append(r->out, r->text + node->begin + 1, first->lead - node->begin - 1);
		leave_out(r, entry->lead);
	}
}

static int render_brackets(struct rendering *r, const struct yaml_node *node,
			   const struct brackets *outer, struct err *err)
{
	struct brackets brackets = brackets_of(r, node, outer);
	size_t previous_end = node->begin + 1;
	bool was_first = true;
	bool is_first = true;

	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		int status = 0;

		copy_to(r, previous_end);
		if (is_in_text(entry))
			previous_end = entry->value->end;
		if (entry->change == YAML_ADDED) {
			add_to_brackets(r, entry, &brackets, is_first);
		} else if (entry->change == YAML_REMOVED) {
			leave_out(r, is_in_text(entry) ? previous_end : 0);
		} else {
			copy_gap(r, node, entry, was_first, is_first);
			status = entry->change == YAML_REPLACED
					 ? replace_in_brackets(r, entry, &brackets, err)
					 : render_node(r, entry->value, &brackets, err);
		}
		if (status < 0)
			return status;
		was_first = was_first && !is_in_text(entry);
		is_first = is_first && entry->change == YAML_REMOVED;
	}
	copy_to(r, previous_end);
	if (is_made_anew(node)) {
		leave_out(r, node->end - 1);
		if (!is_first && brackets.step > 0) {
			strbuf_puts(r->out, "\n");
			indent(r, brackets.column - brackets.step);
		}
	}
	return 0;
}

static int render_node(struct rendering *r, const struct yaml_node *node,
		       const struct brackets *outer, struct err *err)
{
	if (!is_collection(node) || node->count == 0)
		return 0;
	return node->style == YAML_BLOCK ? render_block(r, node, err)
					 : render_brackets(r, node, outer, err);
}

/* --- the document --- */

/* Looks for the first mapping below a mapping, and the first sequence, in blocks. */
static void find_layout(const struct rendering *r, const struct yaml_node *node,
			struct yaml_layout *layout, bool *has_dash)
{
	for (size_t i = 0; i < node->count && (layout->step == 0 || !*has_dash); i++) {
		const struct yaml_node *value = node->entries[i].value;
		if (value == NULL || !is_collection(value) || value->style != YAML_BLOCK)
			continue;
		bool is_below_key = node->kind == YAML_MAPPING;
		size_t from = column_of(r, node->begin);
		size_t to = column_of(r, value->begin);

		if (is_below_key && value->kind == YAML_MAPPING && layout->step == 0 && to > from)
			layout->step = to - from;
		if (is_below_key && value->kind == YAML_SEQUENCE && !*has_dash && to >= from) {
			layout->dash_step = to - from;
			*has_dash = true;
		}
		find_layout(r, value, layout, has_dash);
	}
}

static struct yaml_layout layout_of(const struct rendering *r, const struct yaml_node *root)
{
	struct yaml_layout layout = {0};
	bool has_dash = false;

	find_layout(r, root, &layout, &has_dash);
	if (layout.step == 0)
		layout.step = STEP_USUAL;
	return layout;
}

static int finish(const struct strbuf *out, struct err *err)
{
	return out->is_failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

int yaml_render(const struct yaml_tree *tree, struct strbuf *out, struct err *err)
{
	struct rendering r = {.text = tree->text, .length = tree->length, .out = out};
	const struct brackets outer = {0};

	r.layout = layout_of(&r, tree->root);
	if (render_node(&r, tree->root, &outer, err) < 0)
		return err->code;
	copy_to(&r, tree->length);
	return finish(out, err);
}

int yaml_render_anew(const struct yaml_tree *tree, const json_t *value, struct strbuf *out,
		     struct err *err)
{
	struct rendering r = {.text = tree->text, .length = tree->length, .out = out};
	const struct yaml_layout layout = layout_of(&r, tree->root);
	const char *key;
	json_t *member;

	copy_lines_to(&r, tree->root->begin);
	leave_out(&r, yaml_place_line_end(r.text, r.length, tree->root->end));
	if (tree->root->style == YAML_FLOW) {
		yaml_write_json(out, STEP_USUAL, 0, value);
		strbuf_puts(out, "\n");
	} else {
		/* Iterating changes nothing; jansson's iterators only lack the const. */
		json_object_foreach((json_t *)(uintptr_t)value, key, member) {
			yaml_write_member(out, &layout, 0, key, member);
			strbuf_puts(out, "\n");
		}
	}
	copy_to(&r, tree->length);
	return finish(out, err);
}
