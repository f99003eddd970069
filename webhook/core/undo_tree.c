/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/undo_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/strbuf.h"
#include "common/vocabulary.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/json_path.h"
#include "webhook/core/merge_keys.h"
#include "webhook/core/probe.h"
#include "webhook/core/undo_digest.h"

#define ADDED "added"
#define ADDED_SO "added:" /* before a digest */

/* Members, and lists of what is in them, that are as injection made them, whatever they look like
 * by now: these are filled in by many, and none is of use without the others. */
static const char *const OWN[] = {"containers", "ephemeralContainers", "initContainers",
				  "volumes",    ANNOTATION_REDIRECT,   ANNOTATION_STATUS};
enum { OWN_COUNT = sizeof(OWN) / sizeof(*OWN) };

enum {
	/* Members of the pod, and of its metadata and spec: these objects are everybody's. */
	COMMON_DEPTH = 2,
	NUMBER_SIZE = 24, /* an int64 in text */
};

/* Where in the pod, and what holds there. */
struct spot {
	const struct merge_rule *rule;
	unsigned int depth; /* of the pod: 0 */
	const char *name;   /* of a member; NULL of an element */
	bool is_own;        /* nobody asks whether it was changed since */
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static bool is_own(const char *name)
{
	for (size_t i = 0; i < OWN_COUNT; i++) {
		if (strcmp(OWN[i], name) == 0)
			return true;
	}
	return false;
}

static struct spot member_spot(const struct spot *object, const char *name)
{
	return (struct spot){merge_rule_of(object->rule->below, name), object->depth + 1, name,
			     is_own(name)};
}

/* The rules below a list are those of its elements. */
static struct merge_rule element_rule(const struct merge_rule *list)
{
	return (struct merge_rule){.kind = MERGE_ATOMIC, .below = list->below};
}

/* The name of a list's element in the tree; NULL when it has none, as all of an atomic list.
 * `number` has room for one. */
static const char *name_of(const struct merge_rule *list, json_t *element,
			   char number[static NUMBER_SIZE])
{
	json_t *identity = merge_identity_of(list, element);
	const char *text = json_string_value(identity);

	if (text != NULL)
		return strlen(text) == json_string_length(identity) ? text : NULL;
	if (!json_is_integer(identity))
		return NULL;
	snprintf(number, NUMBER_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(identity));
	return number;
}

/* Whether each element has a name, and one of its own. */
static int check_names(const struct merge_rule *rule, json_t *list, bool *ret_is_named,
		       struct err *err)
{
	json_auto_t *names = json_object();
	size_t i;
	json_t *element;

	if (names == NULL)
		return out_of_memory(err);
	*ret_is_named = false;
	json_array_foreach(list, i, element) {
		char number[NUMBER_SIZE];
		const char *name = name_of(rule, element, number);

		if (name == NULL || json_object_get(names, name) != NULL)
			return 0;
		if (json_object_set_new_nocheck(names, name, json_true()) < 0)
			return out_of_memory(err);
	}
	*ret_is_named = true;
	return 0;
}

/* Puts a node below another; takes the reference, NULL being an allocation that failed. */
static int put(json_t *node, const char *name, json_t *below, struct err *err)
{
	return json_object_set_new_nocheck(node, name, below) < 0 ? out_of_memory(err) : 0;
}

/* The node of one thing that was not there. A new reference; NULL when memory ends. */
static json_t *added_new(json_t *value, const struct spot *spot)
{
	char digest[UNDO_DIGEST_SIZE];

	if (spot->is_own)
		return json_string(ADDED);
	undo_digest(spot->name, value, digest);
	return json_sprintf(ADDED_SO "%s", digest);
}

/* The node of what was something else; `after` is NULL where it was taken away. A list as a whole
 * is never our own: it holds what others have added, too. */
static json_t *replaced_new(json_t *before, json_t *after, const struct spot *spot)
{
	char digest[UNDO_DIGEST_SIZE];

	if (spot->is_own && !json_is_array(before) && !json_is_array(after))
		return json_pack("[O]", before);
	undo_digest(spot->name, after, digest);
	return json_pack("[O, s]", before, digest);
}

static int make_added(json_t *value, const struct spot *spot, json_t **ret_node, struct err *err);

static int make_added_members(json_t *object, const struct spot *spot, json_t *node,
			      struct err *err)
{
	const char *name;
	json_t *member;

	json_object_foreach(object, name, member) {
		struct spot below = member_spot(spot, name);
		json_t *added = NULL;

		if (make_added(member, &below, &added, err) < 0 || put(node, name, added, err) < 0)
			return err->code;
	}
	return 0;
}

static int make_added_elements(json_t *list, const struct spot *spot, json_t *node, struct err *err)
{
	const struct spot below = {.is_own = spot->is_own};
	bool is_named = false;
	size_t i;
	json_t *element;

	if (check_names(spot->rule, list, &is_named, err) < 0)
		return err->code;
	if (!is_named)
		return 0;
	json_array_foreach(list, i, element) {
		char number[NUMBER_SIZE];

		if (put(node, name_of(spot->rule, element, number), added_new(element, &below),
			err) < 0)
			return err->code;
	}
	return 0;
}

/* The node of what was not there. What cannot be taken apart is one thing. */
static int make_added(json_t *value, const struct spot *spot, json_t **ret_node, struct err *err)
{
	json_auto_t *node = json_object();
	int r = 0;

	if (node == NULL)
		return out_of_memory(err);
	if (json_is_object(value) && spot->depth <= COMMON_DEPTH)
		r = make_added_members(value, spot, node, err);
	else if (json_is_array(value))
		r = make_added_elements(value, spot, node, err);
	if (r < 0)
		return r;
	*ret_node = json_object_size(node) > 0 ? json_incref(node) : added_new(value, spot);
	return *ret_node != NULL ? 0 : out_of_memory(err);
}

static int make_changed(json_t *before, json_t *after, const struct spot *spot, json_t **ret_node,
			struct err *err);

static int make_members(json_t *before, json_t *after, const struct spot *spot, json_t *node,
			struct err *err)
{
	const char *name;
	json_t *member;
	int r = 0;

	json_object_foreach(after, name, member) {
		struct spot below = member_spot(spot, name);
		json_t *changed = NULL;
		json_t *was = json_object_get(before, name);

		r = was == NULL ? make_added(member, &below, &changed, err)
				: make_changed(was, member, &below, &changed, err);
		if (r == 0 && changed != NULL)
			r = put(node, name, changed, err);
		if (r < 0)
			return r;
	}
	json_object_foreach(before, name, member) {
		struct spot below = member_spot(spot, name);

		if (json_object_get(after, name) == NULL &&
		    put(node, name, replaced_new(member, NULL, &below), err) < 0)
			return err->code;
	}
	return 0;
}

/*
 * Puts the nodes of two lists into `node`. Only where `after` is `before`, in its order, with other
 * elements between: all else is not *ret_is_told.
 */
static int make_elements(json_t *before, json_t *after, const struct spot *spot, json_t *node,
			 bool *ret_is_told, struct err *err)
{
	const struct merge_rule rule = element_rule(spot->rule);
	const struct spot added = {.is_own = spot->is_own};
	const struct spot below = {.rule = &rule, .depth = spot->depth + 1};
	size_t seen = 0; /* elements of `before` */
	size_t i;
	json_t *element;
	int r = check_names(spot->rule, after, ret_is_told, err);

	if (r < 0 || !*ret_is_told)
		return r;
	json_array_foreach(after, i, element) {
		json_t *counterpart = json_array_get(before, seen);
		char number[NUMBER_SIZE];
		json_t *changed = NULL;

		if (json_equal(merge_identity_of(spot->rule, counterpart),
			       merge_identity_of(spot->rule, element))) {
			r = make_changed(counterpart, element, &below, &changed, err);
			seen++;
		} else {
			changed = added_new(element, &added);
			r = changed != NULL ? 0 : out_of_memory(err);
		}
		if (r == 0 && changed != NULL)
			r = put(node, name_of(spot->rule, element, number), changed, err);
		if (r < 0)
			return r;
	}
	*ret_is_told = seen == json_array_size(before);
	return 0;
}

/* Looks inside of two values of a kind; null is as good as an empty one. *ret_is_told where that
 * tells the whole difference. */
static int make_inside(json_t *before, json_t *after, const struct spot *spot, json_t *node,
		       bool *ret_is_told, struct err *err)
{
	bool was_null = json_is_null(before);
	int r = 0;

	if (spot->depth > UNDO_TREE_DEPTH_MAX)
		return 0;
	if (json_is_array(after) && (was_null || json_is_array(before))) {
		r = make_elements(before, after, spot, node, ret_is_told, err);
	} else if (json_is_object(after) && (was_null || json_is_object(before))) {
		*ret_is_told = true;
		r = make_members(before, after, spot, node, err);
	}
	if (was_null && json_object_size(node) == 0)
		*ret_is_told = false;
	return r;
}

/* The node of what may have changed; *ret_node stays NULL where it did not. */
static int make_changed(json_t *before, json_t *after, const struct spot *spot, json_t **ret_node,
			struct err *err)
{
	bool is_told = false;

	if (before == after)
		return 0;
	json_auto_t *node = json_object();
	if (node == NULL)
		return out_of_memory(err);
	if (make_inside(before, after, spot, node, &is_told, err) < 0)
		return err->code;
	if (is_told ? json_object_size(node) == 0 : json_equal(before, after))
		return 0;
	if (!is_told)
		*ret_node = replaced_new(before, after, spot);
	else if (json_object_size(before) + json_array_size(before) == 0 && spot->depth > 0)
		*ret_node = json_pack("[O, O]", before, node);
	else
		*ret_node = json_incref(node);
	return *ret_node != NULL ? 0 : out_of_memory(err);
}

int undo_tree_make(json_t *before, json_t *after, json_t **ret_tree, struct err *err)
{
	const struct merge_rule rule = {.kind = MERGE_ATOMIC, .below = MERGE_RULES_POD};
	const struct spot root = {.rule = &rule};
	json_t *tree = NULL;

	if (make_changed(before, after, &root, &tree, err) < 0)
		return err->code;
	if (tree == NULL)
		tree = json_object();
	if (tree == NULL)
		return out_of_memory(err);
	*ret_tree = tree;
	return 0;
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
		return strncmp(text, ADDED_SO, strlen(ADDED_SO)) == 0 ? text + strlen(ADDED_SO)
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
	const struct merge_rule rule = element_rule(list->rule);
	size_t at = 0; /* in what is edited, which may have become shorter */
	size_t i;
	json_t *element;

	json_array_foreach(list->value, i, element) {
		char number[NUMBER_SIZE];
		const char *name = name_of(list->rule, element, number);
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
	if (text != NULL && (has_digest || strcmp(text, ADDED) == 0))
		return 0;
	if (json_array_size(node) == 1 || has_digest) {
		*ret_value = json_incref(was);
		return 0;
	}
	if (!json_is_object(inside)) {
		err_set(err, EINVAL, "must be '" ADDED "', an object, or an array of what was");
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
