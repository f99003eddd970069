/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_rendering.h"

#include <errno.h>

#include "webhook/core/yaml_place.h"

void rendering_copy_to(struct rendering *r, size_t at)
{
	if (at <= r->cursor)
		return;
	strbuf_append(r->out, r->text + r->cursor, at - r->cursor);
	r->cursor = at;
}

void rendering_leave_out(struct rendering *r, size_t at)
{
	if (at > r->cursor)
		r->cursor = at;
}

void rendering_copy_lines_to(struct rendering *r, size_t at)
{
	rendering_copy_to(r, at);
	if (r->out->length > 0 && r->out->data[r->out->length - 1] != '\n')
		strbuf_puts(r->out, "\n");
}

void rendering_indent(struct rendering *r, size_t column)
{
	strbuf_printf(r->out, "%*s", (int)column, "");
}

size_t rendering_column(const struct rendering *r, size_t at)
{
	return at - yaml_place_line(r->text, at);
}

int rendering_refuse(const struct yaml_node *node, struct err *err)
{
	err_set(err, ENOTSUP, "what is to be changed cannot be changed in this writing");
	return yaml_at(node, err);
}

bool yaml_is_in_text(const struct yaml_entry *entry)
{
	return entry->value != NULL;
}

bool yaml_is_collection(const struct yaml_node *node)
{
	return node->kind == YAML_MAPPING || node->kind == YAML_SEQUENCE;
}

bool yaml_is_made_anew(const struct yaml_node *node)
{
	size_t in_text = 0;
	size_t kept = 0;

	for (size_t i = 0; i < node->count; i++) {
		in_text += yaml_is_in_text(&node->entries[i]);
		kept += yaml_is_in_text(&node->entries[i]) &&
			node->entries[i].change != YAML_REMOVED;
	}
	return yaml_is_collection(node) && kept == 0 && (in_text > 0 || node->count > 0);
}

int rendering_node(struct rendering *r, const struct yaml_node *node, const struct brackets *outer,
		   struct err *err)
{
	if (!yaml_is_collection(node) || node->count == 0)
		return 0;
	return node->style == YAML_BLOCK ? rendering_block(r, node, err)
					 : rendering_brackets(r, node, outer, err);
}
