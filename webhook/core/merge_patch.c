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

	if (!json_is_array(retained))
		return err_set(err, EINVAL, "'" MERGE_RETAIN_KEYS "' must be an array, found %s",
			       json_type_name(retained));
	json_object_foreach(object, key, member) {
		if (key[0] != '$' && !json_is_null(member) && !merge_patch_retains(retained, key))
			return err_set(err, EINVAL, "'%.64s' is not in '" MERGE_RETAIN_KEYS "'",
				       key);
	}
	return 0;
}

static int check_object(json_t *object, const struct spot *spot, struct err *err)
{
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member) {
		struct json_path path = {.parent = spot->path, .member = key};
		struct spot below = {&path, merge_rule_of(spot->rule->below, key), spot->depth + 1};
		int r;

		if (strcmp(key, MERGE_RETAIN_KEYS) == 0)
			r = check_retain_keys(object, member, err);
		else if (key[0] == '$')
			r = check_directive(key, member, err);
		else
			r = check_value(member, &below, err);
		if (r < 0)
			return key[0] == '$' ? json_path_wrap(spot->path, err) : r;
	}
	return 0;
}

/* Whether the element suits its list; what is inside it is looked at later. */
static int check_element(json_t *element, const struct merge_rule *list, struct err *err)
{
	json_t *directive = json_object_get(element, PATCH);

	if (directive != NULL && check_directive(PATCH, directive, err) < 0)
		return err->code;
	if (merge_directive_of(element) == MERGE_DIRECTIVE_REPLACE) {
		if (json_object_size(element) > 1)
			return err_set(err, EINVAL,
				       "'" PATCH ": replace' replaces the whole list, and must "
				       "stand alone in its element");
		return 0;
	}
	if (list->kind == MERGE_SET && (json_is_object(element) || json_is_array(element)))
		return err_set(err, EINVAL, "must be a scalar, found %s", json_type_name(element));
	if (list->kind == MERGE_KEYED && !json_is_object(element))
		return err_set(err, EINVAL, "must be an object, found %s", json_type_name(element));
	if (list->kind == MERGE_KEYED && merge_identity_of(list, element) == NULL)
		return err_set(err, EINVAL, "has no '%s'", list->key);
	if (list->kind == MERGE_ATOMIC && directive != NULL)
		return err_set(err, EINVAL,
			       "elements of this list have no key by which one could be deleted");
	return 0;
}

static int check_list(json_t *list, const struct spot *spot, struct err *err)
{
	/* The rules below a list are those of its elements. */
	struct merge_rule of_element = {.kind = MERGE_ATOMIC, .below = spot->rule->below};
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element) {
		struct json_path path = {.parent = spot->path, .index = i};
		struct spot below = {&path, &of_element, spot->depth + 1};

		if (check_element(element, spot->rule, err) < 0)
			return json_path_wrap(&path, err);
		if (check_value(element, &below, err) < 0)
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
	struct spot root = {NULL, &of_patch, 1};

	return check_value(patch, &root, err);
}

enum merge_directive merge_directive_of(const json_t *value)
{
	const char *text = json_string_value(json_object_get(value, PATCH));

	if (text == NULL)
		return MERGE_DIRECTIVE_NONE;
	return strcmp(text, "delete") == 0 ? MERGE_DIRECTIVE_DELETE : MERGE_DIRECTIVE_REPLACE;
}

static int content_of_object(json_t *object, json_t **ret_content, struct err *err)
{
	json_auto_t *content = json_incref(object);
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member) {
		json_t *kept = NULL;
		int r;

		if (key[0] == '$' || json_is_null(member) ||
		    merge_directive_of(member) == MERGE_DIRECTIVE_DELETE) {
			r = json_edit_remove(&content, object, key, err);
		} else {
			r = merge_patch_content(member, &kept, err);
			if (r == 0) /* takes `kept` */
				r = json_edit_set(&content, object, key, kept, err);
		}
		if (r < 0)
			return r;
	}
	*ret_content = TAKE(content);
	return 0;
}

static int content_of_list(json_t *list, json_t **ret_content, struct err *err)
{
	json_auto_t *content = json_incref(list);
	size_t at = 0; /* in the content, which may have become shorter than the list */
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element) {
		json_t *kept = NULL;
		int r;

		if (merge_directive_of(element) != MERGE_DIRECTIVE_NONE) {
			r = json_edit_remove_element(&content, list, at, err);
		} else {
			r = merge_patch_content(element, &kept, err);
			if (r == 0) /* takes `kept` */
				r = json_edit_set_element(&content, list, at++, kept, err);
		}
		if (r < 0)
			return r;
	}
	*ret_content = TAKE(content);
	return 0;
}

int merge_patch_content(json_t *value, json_t **ret_content, struct err *err)
{
	if (json_is_object(value))
		return content_of_object(value, ret_content, err);
	if (json_is_array(value))
		return content_of_list(value, ret_content, err);
	*ret_content = json_incref(value);
	return 0;
}
