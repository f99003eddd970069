/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/json_path.h"
#include "webhook/core/probe.h"
#include "webhook/core/undo_digest.h"
#include "webhook/core/undo_node.h"
#include "webhook/core/undo_tree.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* A value on its way back, and where it is in the tree. */
struct retreat {
	json_t *value;
	const char *name; /* of a member; NULL of an element */
	const struct merge_rule *rule;
	const struct json_path *path;
	json_t *left; /* array of the places that stay as they are */
};

/* The digest that a node holds of what injection wrote; NULL: none. */
static const char *digest_of(const json_t *node)
{
	const char *text = json_string_value(node);

	if (text != NULL)
		return strncmp(text, UNDO_ADDED_SO, strlen(UNDO_ADDED_SO)) == 0
			       ? text + strlen(UNDO_ADDED_SO)
			       : NULL;
	return json_array_size(node) == 2 ? json_string_value(json_array_get(node, 1)) : NULL;
}

/* Whether the value is what injection wrote, as far as the node tells. */
static bool is_as_written(const char *name, json_t *value, json_t *node)
{
	const char *written = digest_of(node);
	char digest[UNDO_DIGEST_SIZE];
	const char *inside;
	json_t *below;

	json_object_foreach(node, inside, below) {
		if (!is_as_written(inside, json_object_get(value, inside), below))
			return false;
	}
	if (written == NULL)
		return true;
	undo_digest(name, value, digest);
	return strcmp(digest, written) == 0;
}

/* Whether it is a probe or a handler, all members of which are one choice. */
static bool is_one_choice(const char *name)
{
	for (size_t i = 0; name != NULL && i < PROBE_PLACE_COUNT; i++) {
		if (strcmp(PROBE_PLACES[i].member, name) == 0)
			return true;
	}
	return false;
}

/* Whether somebody has changed it since. What is gone, and was not there before, is as it was. */
static bool is_to_be_left(const struct retreat *retreat, json_t *node)
{
	if (retreat->value == NULL && (json_is_string(node) || json_is_object(node)))
		return false;
	return (digest_of(node) != NULL || is_one_choice(retreat->name)) &&
	       !is_as_written(retreat->name, retreat->value, node);
}

/* Tells of what stays as it is. */
static int leave(const struct retreat *retreat, json_t **ret_value, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf place = STRBUF_INIT;

	json_path_dotted(retreat->path, &place);
	/* _new takes the text; NULL is refused. */
	if (place.is_failed ||
	    json_array_append_new(retreat->left, json_stringn(place.data, place.length)) < 0)
		return out_of_memory(err);
	*ret_value = json_incref(retreat->value);
	return 0;
}

static int apply_node(const struct retreat *retreat, json_t *node, json_t **ret_value,
		      struct err *err);

static int apply_members(const struct retreat *object, json_t *inside, json_t **edited,
			 struct err *err)
{
	const char *name;
	json_t *node;

	json_object_foreach(inside, name, node) {
		struct json_path path = {.parent = object->path, .member = name};
		struct retreat member = {json_object_get(object->value, name), name,
					 merge_rule_of(object->rule->below, name), &path,
					 object->left};
		json_t *result = NULL;
		int r = apply_node(&member, node, &result, err);

		if (r == 0 && result != NULL) /* takes the result */
			r = json_edit_set(edited, object->value, name, result, err);
		else if (r == 0)
			r = json_edit_remove(edited, object->value, name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_elements(const struct retreat *list, json_t *inside, json_t **edited,
			  struct err *err)
{
	const struct merge_rule rule = undo_element_rule(list->rule);
	size_t at = 0; /* in what is edited, which may have become shorter */
	size_t i;
	json_t *element;

	json_array_foreach(list->value, i, element) {
		char number[UNDO_NUMBER_SIZE];
		const char *name = undo_node_name(list->rule, element, number);
		json_t *node = name != NULL ? json_object_get(inside, name) : NULL;
		struct json_path path = {.parent = list->path, .member = name};
		struct retreat retreat = {element, NULL, &rule, &path, list->left};
		json_t *result = NULL;
		int r = 0;

		if (node != NULL)
			r = apply_node(&retreat, node, &result, err);
		else
			result = json_incref(element);
		if (r == 0 && result != NULL) /* takes the result */
			r = json_edit_set_element(edited, list->value, at++, result, err);
		else if (r == 0)
			r = json_edit_remove_element(edited, list->value, at, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Looks inside of a value. Something that is of another kind by now stays as it is. */
static int apply_inside(const struct retreat *retreat, json_t *inside, json_t **ret_value,
			struct err *err)
{
	json_auto_t *edited = json_incref(retreat->value);
	int r = 0;

	if (json_is_object(retreat->value))
		r = apply_members(retreat, inside, &edited, err);
	else if (json_is_array(retreat->value))
		r = apply_elements(retreat, inside, &edited, err);
	if (r < 0)
		return r;
	*ret_value = TAKE(edited);
	return 0;
}

/* The value as it was: a new reference, NULL where it was not there. */
static int apply_node(const struct retreat *retreat, json_t *node, json_t **ret_value,
		      struct err *err)
{
	const char *text = json_string_value(node);
	json_t *was = json_array_get(node, 0);
	json_t *inside = json_is_object(node) ? node : json_array_get(node, 1);
	bool has_digest = digest_of(node) != NULL;
	json_t *value = NULL;

	if (is_to_be_left(retreat, node))
		return leave(retreat, ret_value, err);
	if (text != NULL && (has_digest || strcmp(text, UNDO_ADDED) == 0))
		return 0;
	if (json_array_size(node) == 1 || has_digest) {
		*ret_value = json_incref(was);
		return 0;
	}
	if (!json_is_object(inside)) {
		err_set(err, EINVAL,
			"must be '" UNDO_ADDED "', an object, or an array of what was");
		return json_path_wrap(retreat->path, err);
	}
	if (apply_inside(retreat, inside, &value, err) < 0)
		return err->code;
	if (value != retreat->value && json_object_size(value) + json_array_size(value) == 0) {
		json_decref(value);
		value = json_incref(was);
	}
	*ret_value = value;
	return 0;
}

int undo_tree_apply(json_t *after, json_t *tree, json_t *left, json_t **ret_before, struct err *err)
{
	const struct merge_rule rule = {.kind = MERGE_ATOMIC, .below = MERGE_RULES_POD};
	const struct retreat pod = {.value = after, .rule = &rule, .left = left};

	return apply_inside(&pod, tree, ret_before, err);
}
