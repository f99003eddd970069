/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_render.h"

#include <errno.h>
#include <stdint.h>

#include "webhook/core/yaml_place.h"
#include "webhook/core/yaml_rendering.h"

/* Looks for the first mapping below a mapping, and the first sequence, in blocks. */
static void find_layout(const struct rendering *r, const struct yaml_node *node,
			struct yaml_layout *layout, bool *has_dash)
{
	for (size_t i = 0; i < node->count && (layout->step == 0 || !*has_dash); i++) {
		const struct yaml_node *value = node->entries[i].value;
		if (value == NULL || !yaml_is_collection(value) || value->style != YAML_BLOCK)
			continue;
		bool is_below_key = node->kind == YAML_MAPPING;
		size_t from = rendering_column(r, node->begin);
		size_t to = rendering_column(r, value->begin);

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
	if (rendering_node(&r, tree->root, &outer, err) < 0)
		return err->code;
	rendering_copy_to(&r, tree->length);
	return finish(out, err);
}

int yaml_render_anew(const struct yaml_tree *tree, const json_t *value, struct strbuf *out,
		     struct err *err)
{
	struct rendering r = {.text = tree->text, .length = tree->length, .out = out};
	const struct yaml_layout layout = layout_of(&r, tree->root);
	const char *key;
	json_t *member;

	rendering_copy_lines_to(&r, tree->root->begin);
	rendering_leave_out(&r, yaml_place_line_end(r.text, r.length, tree->root->end));
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
	rendering_copy_to(&r, tree->length);
	return finish(out, err);
}
