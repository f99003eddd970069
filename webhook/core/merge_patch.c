/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/merge_patch.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/json_path.h"

#define PATCH "$patch"

/* Where the check is. */
struct spot {
	const struct json_path *path;
	const struct merge_rule *rule; /* of the value here */
	unsigned int depth;
	bool is_copied; /* as it stands, directives and all */
};

static int check_value(json_t *value, const struct spot *spot, struct err *err);

bool merge_patch_retains(json_t *retained, const char *member)
{
	size_t i;
	json_t *element;

	json_array_foreach(retained, i, element) {
		if (json_is_string(element) && strcmp(json_string_value(element), member) == 0)
			return true;
	}
	return false;
}

/* apimachinery also has setElementOrder and deleteFromPrimitiveList, which tools compute. */
static int check_directive(const char *key, json_t *value, struct err *err)
{
	const char *text = json_string_value(value);

	if (strcmp(key, PATCH) != 0)
		return err_set(err, ENOTSUP, "the directive '%.64s' is not understood", key);
	if (text == NULL)
		return err_set(err, EINVAL, "'" PATCH "' must be a string, found %s",
			       json_type_name(value));
	if (strcmp(text, "delete") != 0 && strcmp(text, "replace") != 0)
		return err_set(err, ENOTSUP,
			       "the directive '" PATCH
			       ": %.64s' is not understood, expected delete or replace",
			       text);
	return 0;
}

/* A member that is set, but not retained, contradicts itself. */
static int check_retain_keys(json_t *object, json_t *retained, struct err *err)
{
	const char *key;
	json_t *member;
	size_t i;

	if (!json_is_array(retained))
		return err_set(err, EINVAL, "'" MERGE_RETAIN_KEYS "' must be an array, found %s",
			       json_type_name(retained));
	json_array_foreach(retained, i, member) {
		if (!json_is_string(member))
			return err_set(err, EINVAL,
				       "'" MERGE_RETAIN_KEYS "' must hold strings, found %s",
				       json_type_name(member));
	}
	json_object_foreach(object, key, member) {
		if (key[0] != '$' && !json_is_null(member) && !merge_patch_retains(retained, key))
			return err_set(err, EINVAL, "'%.64s' is not in '" MERGE_RETAIN_KEYS "'",
				       key);
	}
	return 0;
}

/* A member that begins with '$'. */
static int check_dollar(json_t *object, const char *key, json_t *member, const struct spot *spot,
			struct err *err)
{
	int r = strcmp(key, MERGE_RETAIN_KEYS) == 0 ? check_retain_keys(object, member, err)
						    : check_directive(key, member, err);

	if (r == 0 && spot->is_copied && strcmp(key, PATCH) == 0)
		r = err_set(err, EINVAL,
			    "must not have '" PATCH "': it is inside of what is taken as a whole");
	return r < 0 ? json_path_wrap(spot->path, err) : 0;
}

static int check_object(json_t *object, const struct spot *spot, struct err *err)
{
	bool is_copied = spot->is_copied || merge_directive_of(object) == MERGE_DIRECTIVE_REPLACE;
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member) {
		struct json_path path = {.parent = spot->path, .member = key};
		struct spot below = {&path, merge_rule_of(spot->rule->below, key), spot->depth + 1,
				     is_copied};
		int r = key[0] == '$' ? check_dollar(object, key, member, spot, err)
				      : check_value(member, &below, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Whether the element suits its list; what is inside it is looked at later. */
static int check_element(json_t *element, const struct merge_rule *list, struct err *err)
{
	if (list->kind == MERGE_SET && !json_is_string(element))
		return err_set(err, EINVAL, "must be a string, found %s", json_type_name(element));
	if (list->kind != MERGE_KEYED)
		return 0;
	if (!json_is_object(element))
		return err_set(err, EINVAL, "must be an object, found %s", json_type_name(element));
	json_t *key = merge_identity_of(list, element);
	if (json_is_object(key) || json_is_array(key))
		return err_set(err, EINVAL, "'%s' must be a scalar, found %s", list->key,
			       json_type_name(key));
	if (key == NULL && merge_directive_of(element) != MERGE_DIRECTIVE_REPLACE)
		return err_set(err, EINVAL, "has no '%s'", list->key);
	return 0;
}

/* An element that is there for its directive. */
static int check_directive_element(json_t *element, const struct merge_rule *list, struct err *err)
{
	if (check_directive(PATCH, json_object_get(element, PATCH), err) < 0)
		return err->code;
	if (merge_directive_of(element) == MERGE_DIRECTIVE_REPLACE && json_object_size(element) > 1)
		return err_set(err, EINVAL,
			       "'" PATCH ": replace' replaces the whole list, and must stand alone "
			       "in its element");
	return check_element(element, list, err);
}

static int check_list(json_t *list, const struct spot *spot, struct err *err)
{
	/* The rules below a list are those of its elements. */
	struct merge_rule of_element = {.kind = MERGE_ATOMIC, .below = spot->rule->below};
	bool is_keyed = spot->rule->kind == MERGE_KEYED;
	bool is_copied =
		spot->is_copied || !is_keyed || merge_patch_has(list, MERGE_DIRECTIVE_REPLACE);
	bool has_deletions = merge_patch_has(list, MERGE_DIRECTIVE_DELETE);
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element) {
		struct json_path path = {.parent = spot->path, .index = i};
		struct spot below = {&path, &of_element, spot->depth + 1, is_copied};
		bool is_directive =
			is_keyed && !spot->is_copied && json_object_get(element, PATCH) != NULL;
		int r = is_directive ? check_directive_element(element, spot->rule, err)
				     : check_element(element, spot->rule, err);

		if (r < 0)
			return json_path_wrap(&path, err);
		/* What is deleted and set again starts from nothing. */
		if (has_deletions &&
		    merge_patch_names(list, spot->rule, element, MERGE_DIRECTIVE_DELETE))
			below.is_copied = true;
		if (!is_directive && check_value(element, &below, err) < 0)
			return err->code;
	}
	return 0;
}

static int check_value(json_t *value, const struct spot *spot, struct err *err)
{
	if (spot->depth > MERGE_PATCH_DEPTH_MAX)
		return err_set(err, E2BIG, "the patch is nested more than %d levels deep",
			       MERGE_PATCH_DEPTH_MAX);
	if (json_is_object(value))
		return check_object(value, spot, err);
	if (json_is_array(value))
		return check_list(value, spot, err);
	return 0;
}

int merge_patch_check(json_t *patch, const struct merge_rule *rules, struct err *err)
{
	struct merge_rule of_patch = {.kind = MERGE_ATOMIC, .below = rules};
	struct spot root = {.rule = &of_patch, .depth = 1};

	return check_value(patch, &root, err);
}

enum merge_directive merge_directive_of(const json_t *value)
{
	const char *text = json_string_value(json_object_get(value, PATCH));

	if (text == NULL)
		return MERGE_DIRECTIVE_NONE;
	return strcmp(text, "delete") == 0 ? MERGE_DIRECTIVE_DELETE : MERGE_DIRECTIVE_REPLACE;
}

bool merge_patch_has(json_t *list, enum merge_directive directive)
{
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element) {
		if (merge_directive_of(element) == directive)
			return true;
	}
	return false;
}

bool merge_patch_names(json_t *list, const struct merge_rule *rule, json_t *element,
		       enum merge_directive directive)
{
	size_t i;
	json_t *other;

	json_array_foreach(list, i, other) {
		if (merge_directive_of(other) == directive &&
		    json_equal(merge_identity_of(rule, other), merge_identity_of(rule, element)))
			return true;
	}
	return false;
}

/* Whether the value is there for its directive, of which an absent member takes no notice. */
static bool is_left_out(const json_t *value, enum merge_addition addition)
{
	return addition == MERGE_ADD_MEMBER && merge_directive_of(value) != MERGE_DIRECTIVE_NONE;
}

static int content_of_object(json_t *object, enum merge_addition addition, json_t **ret_content,
			     struct err *err)
{
	json_auto_t *content = json_incref(object);
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member) {
		json_t *kept = NULL;
		int r;

		if (key[0] == '$' || json_is_null(member) || is_left_out(member, addition)) {
			r = json_edit_remove(&content, object, key, err);
		} else {
			r = merge_patch_content(member, addition, &kept, err);
			if (r == 0) /* takes `kept` */
				r = json_edit_set(&content, object, key, kept, err);
		}
		if (r < 0)
			return r;
	}
	*ret_content = TAKE(content);
	return 0;
}

static int content_of_list(json_t *list, enum merge_addition addition, json_t **ret_content,
			   struct err *err)
{
	json_auto_t *content = json_incref(list);
	size_t at = 0; /* in the content, which may have become shorter than the list */
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element) {
		json_t *kept = NULL;
		int r;

		if (is_left_out(element, addition)) {
			r = json_edit_remove_element(&content, list, at, err);
		} else {
			r = merge_patch_content(element, addition, &kept, err);
			if (r == 0) /* takes `kept` */
				r = json_edit_set_element(&content, list, at++, kept, err);
		}
		if (r < 0)
			return r;
	}
	*ret_content = TAKE(content);
	return 0;
}

int merge_patch_content(json_t *value, enum merge_addition addition, json_t **ret_content,
			struct err *err)
{
	if (addition == MERGE_ADD_ELEMENT && merge_directive_of(value) != MERGE_DIRECTIVE_NONE)
		return err_set(err, EINVAL,
			       "has '" PATCH "' inside, but the pod has no such element");
	if (json_is_object(value))
		return content_of_object(value, addition, ret_content, err);
	if (json_is_array(value))
		return content_of_list(value, addition, ret_content, err);
	*ret_content = json_incref(value);
	return 0;
}
