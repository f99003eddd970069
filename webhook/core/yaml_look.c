/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking things up in a tree: the half of yaml_tree.h that reads no text. */
#include "webhook/core/yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PART_MAX = 128 }; /* bytes of a part of a path */

const struct yaml_node *yaml_resolve(const struct yaml_node *node)
{
	return node != NULL && node->kind == YAML_ALIAS ? node->target : node;
}

const struct yaml_node *yaml_member(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *mapping = yaml_resolve(node);

	if (mapping == NULL || mapping->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++) {
		if (strcmp(mapping->entries[i].key->text, key) == 0)
			return mapping->entries[i].value;
	}
	return NULL;
}

const char *yaml_text(const struct yaml_node *node)
{
	const struct yaml_node *scalar = yaml_resolve(node);

	return scalar != NULL && scalar->kind == YAML_SCALAR ? scalar->text : NULL;
}

/* The element of a sequence; NULL when there is none. */
static const struct yaml_node *element(const struct yaml_node *node, size_t index)
{
	const struct yaml_node *sequence = yaml_resolve(node);

	return sequence != NULL && sequence->kind == YAML_SEQUENCE && index < sequence->count
		       ? sequence->entries[index].value
		       : NULL;
}

const struct yaml_node *yaml_follow(const struct yaml_node *node, const char *path, size_t length)
{
	const char *end = path + length;
	char name[PART_MAX];

	while (node != NULL && path < end) {
		size_t part = 0;
		char *close;

		while (path + part < end && path[part] != '.' && path[part] != '[')
			part++;
		if (part >= sizeof(name))
			return NULL;
		memcpy(name, path, part);
		name[part] = '\0';
		if (part > 0)
			node = yaml_member(node, name);
		path += part;
		if (path < end && *path == '[') {
			node = element(node, strtoul(path + 1, &close, 10));
			path = close + (*close == ']');
		}
		path += path < end && *path == '.';
	}
	return node;
}

int yaml_at(const struct yaml_node *node, struct err *err)
{
	if (err->code == -ENOMEM)
		return err->code;
	return err_wrap(err, "line %u, column %u", node->line, node->column);
}
