/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/undo_tree.h"

#include <errno.h>
#include <stdbool.h>

#include "common/base/word_list.h"
#include "common/vocabulary.h"
#include "webhook/core/merge_keys.h"
#include "webhook/core/undo_digest.h"
#include "webhook/core/undo_node.h"

/* Members, and lists of what is in them, that are as injection made them, whatever they look like
 * by now: these are filled in by many, and none is of use without the others. */
static const char *const OWN[] = {
	"containers", "ephemeralContainers", "initContainers",
	"volumes",    ANNOTATION_REDIRECT,   ANNOTATION_STATUS,
	NULL,
};

enum {
	/* Members of the pod, and of its metadata and spec: these objects are everybody's. */
	COMMON_DEPTH = 2,
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

static struct spot member_spot(const struct spot *object, const char *name)
{
	return (struct spot){merge_rule_of(object->rule->below, name), object->depth + 1, name,
			     word_list_has(OWN, name)};
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
		char number[UNDO_NUMBER_SIZE];
		const char *name = undo_node_name(rule, element, number);

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
		return json_string(UNDO_ADDED);
	undo_digest(spot->name, value, digest);
	return json_sprintf(UNDO_ADDED_SO "%s", digest);
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
		char number[UNDO_NUMBER_SIZE];

		if (put(node, undo_node_name(spot->rule, element, number),
			added_new(element, &below), err) < 0)
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
	const struct merge_rule rule = undo_element_rule(spot->rule);
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
		char number[UNDO_NUMBER_SIZE];
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
			r = put(node, undo_node_name(spot->rule, element, number), changed, err);
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
