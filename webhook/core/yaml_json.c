/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/yaml_scalar.h"

#define MERGE_KEY "<<"

enum { KEY_SIZE = 24 }; /* a number of 64 bits as text */

struct conversion {
	enum yaml_dialect dialect;
	size_t size; /* see YAML_SIZE_MAX */
	size_t size_max;
	size_t depth;
};

static int convert(struct conversion *conversion, const struct yaml_node *node, json_t **ret_value,
		   struct err *err);

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static int grow(struct conversion *conversion, size_t more, struct err *err)
{
	if (more > conversion->size_max - conversion->size)
		return err_set(err, E2BIG, "more than %zu values and characters",
			       conversion->size_max);
	conversion->size += more;
	return 0;
}

static int read_plain(const struct conversion *conversion, const char *text, json_t **ret_value,
		      struct err *err)
{
	return conversion->dialect == YAML_STRICT ? yaml_scalar_read(text, ret_value, err)
						  : yaml_scalar_read_kubectl(text, ret_value, err);
}

static int convert_scalar(struct conversion *conversion, const struct yaml_node *node,
			  json_t **ret_value, struct err *err)
{
	if (node->has_tag)
		return err_set(err, EINVAL, "tags are not supported: quote the value instead");
	int r = grow(conversion, 1 + strlen(node->text), err);
	if (r < 0)
		return r;
	if (node->style == YAML_PLAIN)
		return read_plain(conversion, node->text, ret_value, err);
	json_t *value = json_string(node->text);
	if (value == NULL)
		return out_of_memory(err);
	*ret_value = value;
	return 0;
}

/* The name of a member whose key is no string, as kubectl has it; NULL where it has none. */
static const char *name_of(const json_t *value, char name[static KEY_SIZE])
{
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (!json_is_integer(value))
		return NULL;
	snprintf(name, KEY_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return name;
}

/* The key's name, which is its text or in `buffer`. */
static int read_key(struct conversion *conversion, const struct yaml_node *key,
		    char buffer[static KEY_SIZE], const char **ret_name, struct err *err)
{
	json_auto_t *value = NULL;
	const char *name = NULL;

	if (key->style == YAML_PLAIN && strcmp(key->text, MERGE_KEY) == 0)
		return conversion->dialect == YAML_STRICT
			       ? err_set(err, EINVAL, "merge keys (<<) are no part of YAML 1.2")
			       : err_set(err, EINVAL, "<< must be the first key of its mapping");
	int r = convert_scalar(conversion, key, &value, err);
	if (r < 0)
		return r;
	if (json_is_string(value))
		name = key->text;
	else if (conversion->dialect == YAML_KUBECTL)
		name = name_of(value, buffer);
	if (name == NULL)
		return err_set(err, EINVAL, "the key %.64s is no string: quote it", key->text);
	*ret_name = name;
	return 0;
}

/* Adds a member to the object, which owns the value then. */
static int add_member(struct conversion *conversion, json_t *object, const struct yaml_entry *entry,
		      const json_t *merged, struct err *err)
{
	char buffer[KEY_SIZE];
	const char *name = NULL;
	json_t *value = NULL;
	int r = read_key(conversion, entry->key, buffer, &name, err);

	/* The object is a copy of what was merged, whose members may be there once more. */
	if (r == 0 && json_object_get(object, name) != json_object_get(merged, name))
		r = err_set(err, EINVAL, "the key %.64s is there already", name);
	if (r < 0)
		return yaml_at(entry->key, err);
	r = convert(conversion, entry->value, &value, err);
	if (r < 0)
		return r;
	/* _new takes the value. */
	return json_object_set_new(object, name, value) < 0 ? out_of_memory(err) : 0;
}

/* What a mapping takes over by `<<: *alias`, which stands first; NULL where it does not. */
static int read_merged(struct conversion *conversion, const struct yaml_node *node,
		       json_t **ret_merged, struct err *err)
{
	json_auto_t *merged = NULL;
	const struct yaml_entry *first = node->entries;

	if (conversion->dialect == YAML_STRICT || node->count == 0 ||
	    first->key->style != YAML_PLAIN || strcmp(first->key->text, MERGE_KEY) != 0)
		return 0;
	int r = convert(conversion, first->value, &merged, err);
	if (r < 0)
		return r;
	if (!json_is_object(merged)) {
		err_set(err, EINVAL, "<< must be given one mapping");
		return yaml_at(first->key, err);
	}
	*ret_merged = TAKE(merged);
	return 0;
}

static int convert_mapping(struct conversion *conversion, const struct yaml_node *node,
			   json_t **ret_value, struct err *err)
{
	json_auto_t *merged = NULL;
	json_auto_t *object = NULL;
	int r = read_merged(conversion, node, &merged, err);

	if (r < 0)
		return r;
	/* Not by json_copy(): where memory ends midway, that leaves members out and does not say
	 * so.
	 */
	object = json_object();
	if (object == NULL || (merged != NULL && json_object_update(object, merged) < 0))
		return out_of_memory(err);
	for (size_t i = merged != NULL ? 1 : 0; i < node->count; i++) {
		r = add_member(conversion, object, &node->entries[i], merged, err);
		if (r < 0)
			return r;
	}
	*ret_value = TAKE(object);
	return 0;
}

static int convert_sequence(struct conversion *conversion, const struct yaml_node *node,
			    json_t **ret_value, struct err *err)
{
	json_auto_t *array = json_array();

	if (array == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < node->count; i++) {
		json_t *value = NULL;
		int r = convert(conversion, node->entries[i].value, &value, err);

		if (r < 0)
			return r;
		/* _new takes the value. */
		if (json_array_append_new(array, value) < 0)
			return out_of_memory(err);
	}
	*ret_value = TAKE(array);
	return 0;
}

/* Whether entries of its own are no longer those of the text. */
static bool is_patched(const struct yaml_node *node)
{
	size_t i = 0;

	while (i < node->count && node->entries[i].change == YAML_KEPT)
		i++;
	return i < node->count;
}

static int convert_collection(struct conversion *conversion, const struct yaml_node *node,
			      json_t **ret_value, struct err *err)
{
	int r = 0;

	if (node->has_tag)
		r = err_set(err, EINVAL, "tags are not supported");
	else if (conversion->depth == YAML_DEPTH_MAX)
		r = err_set(err, E2BIG, "more than %d levels", YAML_DEPTH_MAX);
	else if (is_patched(node))
		r = err_set(err, ENOTSUP, "the text is to be changed here");
	else
		r = grow(conversion, 1, err);
	if (r < 0)
		return yaml_at(node, err);
	conversion->depth++;
	r = node->kind == YAML_MAPPING ? convert_mapping(conversion, node, ret_value, err)
				       : convert_sequence(conversion, node, ret_value, err);
	conversion->depth--;
	return r;
}

static int convert(struct conversion *conversion, const struct yaml_node *node, json_t **ret_value,
		   struct err *err)
{
	const struct yaml_node *meant = yaml_resolve(node);

	if (meant->kind != YAML_SCALAR)
		return convert_collection(conversion, meant, ret_value, err);
	return convert_scalar(conversion, meant, ret_value, err) < 0 ? yaml_at(node, err) : 0;
}

int yaml_json(const struct yaml_node *node, enum yaml_dialect dialect, json_t **ret_value,
	      struct err *err)
{
	struct conversion conversion = {
		.dialect = dialect,
		.size_max = dialect == YAML_STRICT ? YAML_SIZE_MAX : YAML_MANIFEST_SIZE_MAX};

	return convert(&conversion, node, ret_value, err);
}

int yaml_json_read(const char *text, size_t length, json_t **ret_value, struct err *err)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};

	if (length > YAML_SIZE_MAX)
		return err_set(err, E2BIG, "more than %d bytes", YAML_SIZE_MAX);
	int r = yaml_tree_read(text, length, 1, &tree, err);
	if (r < 0)
		return r;
	if (tree.root == NULL)
		return err_set(err, EINVAL, "no document, one is expected");
	return yaml_json(tree.root, YAML_STRICT, ret_value, err);
}
