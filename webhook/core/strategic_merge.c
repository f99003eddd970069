/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/strategic_merge.h"

#include <errno.h>
#include <stdbool.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/json_path.h"
#include "webhook/core/merge_patch.h"

/* Two values of the same place, and what is known about it. */
struct pair {
	json_t *original;
	json_t *patch;
	const struct merge_rule *rule;
	const struct json_path *path;
	enum merge_winner winner;
};

static int merge_pair(const struct pair *pair, json_t **ret_merged, struct err *err);

/* The original where it is equal, so that its address tells that nothing changed. */
static json_t *prefer_original(json_t *original, json_t *value)
{
	return json_incref(json_equal(original, value) ? original : value);
}

/* The patch's value instead of the original's. */
static int replace(const struct pair *pair, json_t **ret_merged, struct err *err)
{
	json_auto_t *content = NULL;

	if (merge_patch_content(pair->patch, MERGE_ADD_MEMBER, &content, err) < 0)
		return err->code;
	*ret_merged = prefer_original(pair->original, content);
	return 0;
}

/* `$retainKeys`: removes the members of the original that are not in the list. */
static int retain_keys(const struct pair *pair, json_t *retained, json_t **merged, struct err *err)
{
	const char *key;
	json_t *member;

	json_object_foreach(pair->original, key, member) {
		if (!merge_patch_retains(retained, key) &&
		    json_edit_remove(merged, pair->original, key, err) < 0)
			return err->code;
	}
	return 0;
}

/* Merges one member of the patch into the object. */
static int merge_member(const struct pair *object, const char *key, json_t *value, json_t **merged,
			struct err *err)
{
	struct json_path path = {.parent = object->path, .member = key};
	struct pair member = {.original = json_object_get(*merged, key),
			      .patch = value,
			      .rule = merge_rule_of(object->rule->below, key),
			      .path = &path,
			      .winner = object->winner};
	json_t *result = NULL;
	int r;

	if (member.original == NULL || json_is_null(member.original)) {
		if (merge_directive_of(value) != MERGE_DIRECTIVE_NONE)
			return 0;
		r = merge_patch_content(value, MERGE_ADD_MEMBER, &result, err);
	} else {
		r = merge_pair(&member, &result, err);
	}
	/* takes the result */
	return r < 0 ? r : json_edit_set(merged, object->original, key, result, err);
}

static int merge_members(const struct pair *pair, json_t **ret_merged, struct err *err)
{
	json_auto_t *merged = json_incref(pair->original);
	bool is_patch_winning = pair->winner == MERGE_PATCH_WINS;
	json_t *retained = json_object_get(pair->patch, MERGE_RETAIN_KEYS);
	const char *key;
	json_t *value;
	int r = 0;

	if (retained != NULL && is_patch_winning)
		r = retain_keys(pair, retained, &merged, err);
	json_object_foreach(pair->patch, key, value) {
		if (r < 0)
			return r;
		if (key[0] == '$')
			continue;
		if (!json_is_null(value))
			r = merge_member(pair, key, value, &merged, err);
		else if (is_patch_winning)
			r = json_edit_remove(&merged, pair->original, key, err);
	}
	if (r < 0)
		return r;
	*ret_merged = TAKE(merged);
	return 0;
}

static int merge_object(const struct pair *pair, json_t **ret_merged, struct err *err)
{
	enum merge_directive directive = merge_directive_of(pair->patch);

	if (directive == MERGE_DIRECTIVE_NONE)
		return merge_members(pair, ret_merged, err);
	if (pair->winner == MERGE_ORIGINAL_WINS) {
		*ret_merged = json_incref(pair->original);
		return 0;
	}
	if (directive == MERGE_DIRECTIVE_REPLACE)
		return replace(pair, ret_merged, err);
	/* Deleted is what the object holds: its member stays, in Kubernetes too. */
	json_auto_t *empty = json_object();
	if (empty == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*ret_merged = prefer_original(pair->original, empty);
	return 0;
}

static bool is_same_element(const struct merge_rule *rule, json_t *a, json_t *b)
{
	return json_equal(merge_identity_of(rule, a), merge_identity_of(rule, b)) != 0;
}

/* The index of the first element with the identity of `element`; the list's size when there is
 * none. */
static size_t find_element(const struct merge_rule *rule, json_t *list, json_t *element)
{
	size_t i;
	json_t *other;

	json_array_foreach(list, i, other) {
		if (is_same_element(rule, other, element))
			break;
	}
	return i;
}

/*
 * `$patch: delete`: removes the elements of that key. What the patch sets as well keeps its place,
 * with nothing in it: the same patch applied again then changes nothing.
 */
static int delete_elements(const struct pair *list, json_t *directive, json_t **merged,
			   struct err *err)
{
	const char *key = list->rule->key;
	bool is_set = merge_patch_names(list->patch, list->rule, directive, MERGE_DIRECTIVE_NONE);
	size_t first = find_element(list->rule, *merged, directive);

	for (size_t i = json_array_size(*merged); i-- > first;) {
		int r = 0;

		if (i == first && is_set) /* takes the object */
			r = json_edit_set_element(
				merged, list->original, i,
				json_pack("{s:O}", key, json_object_get(directive, key)), err);
		else if (is_same_element(list->rule, json_array_get(*merged, i), directive))
			r = json_edit_remove_element(merged, list->original, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int delete_all_elements(const struct pair *list, json_t **merged, struct err *err)
{
	size_t i;
	json_t *element;

	json_array_foreach(list->patch, i, element) {
		if (merge_directive_of(element) == MERGE_DIRECTIVE_DELETE &&
		    delete_elements(list, element, merged, err) < 0)
			return err->code;
	}
	return 0;
}

/* Appends an element of the patch. */
static int add_element(const struct pair *list, const struct json_path *path, json_t *element,
		       json_t **merged, struct err *err)
{
	json_t *content = NULL;
	int r = merge_patch_content(element, MERGE_ADD_ELEMENT, &content, err);

	if (r == -EINVAL)
		return json_path_wrap(path, err);
	/* takes the content */
	return r < 0 ? r : json_edit_append(merged, list->original, content, err);
}

/* Whether an element of the patch before this one is set under the same key. */
static bool is_repeated(const struct pair *list, size_t index)
{
	json_t *element = json_array_get(list->patch, index);

	for (size_t i = 0; i < index; i++) {
		json_t *other = json_array_get(list->patch, i);

		if (is_same_element(list->rule, other, element) &&
		    merge_directive_of(other) == MERGE_DIRECTIVE_NONE)
			return true;
	}
	return false;
}

/* Merges an element of the patch into the one at `at`. */
static int merge_into(const struct pair *list, size_t at, const struct json_path *path,
		      json_t *element, json_t **merged, struct err *err)
{
	struct merge_rule rule = {.kind = MERGE_ATOMIC, .below = list->rule->below};
	struct pair pair = {.original = json_array_get(*merged, at),
			    .patch = element,
			    .rule = &rule,
			    .path = path,
			    .winner = list->winner};
	json_t *result = NULL;
	int r = merge_pair(&pair, &result, err);

	/* takes the result */
	return r < 0 ? r : json_edit_set_element(merged, list->original, at, result, err);
}

/*
 * Merges an element of the patch into the first one of its key, or appends it. Of several defaults
 * of one key the first fills in what the original has; where that has none, all are appended, as
 * they are in a list that it lacks.
 */
static int merge_element(const struct pair *list, size_t index, json_t **merged, struct err *err)
{
	json_t *element = json_array_get(list->patch, index);
	struct json_path path = {.parent = list->path, .index = index};
	bool is_default = list->winner == MERGE_ORIGINAL_WINS && list->rule->kind == MERGE_KEYED;
	json_t *place = is_default ? list->original : *merged;
	size_t at = find_element(list->rule, place, element);

	if (at == json_array_size(place))
		return add_element(list, &path, element, merged, err);
	if (list->rule->kind == MERGE_SET || (is_default && is_repeated(list, index)))
		return 0;
	return merge_into(list, at, &path, element, merged, err);
}

static int merge_list(const struct pair *pair, json_t **ret_merged, struct err *err)
{
	json_auto_t *merged = json_incref(pair->original);
	bool is_patch_winning = pair->winner == MERGE_PATCH_WINS;
	size_t i;
	json_t *element;

	if (is_patch_winning && merge_patch_has(pair->patch, MERGE_DIRECTIVE_REPLACE))
		return replace(pair, ret_merged, err);
	if (is_patch_winning && delete_all_elements(pair, &merged, err) < 0)
		return err->code;
	json_array_foreach(pair->patch, i, element) {
		if (merge_directive_of(element) == MERGE_DIRECTIVE_NONE &&
		    merge_element(pair, i, &merged, err) < 0)
			return err->code;
	}
	*ret_merged = prefer_original(pair->original, merged);
	return 0;
}

static bool is_nested(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
}

static int merge_pair(const struct pair *pair, json_t **ret_merged, struct err *err)
{
	if ((is_nested(pair->original) || is_nested(pair->patch)) &&
	    json_typeof(pair->original) != json_typeof(pair->patch)) {
		err_set(err, EINVAL, "must be of type %s, as in the pod, found %s",
			json_type_name(pair->original), json_type_name(pair->patch));
		return json_path_wrap(pair->path, err);
	}
	if (json_is_object(pair->original))
		return merge_object(pair, ret_merged, err);
	if (json_is_array(pair->original) && pair->rule->kind != MERGE_ATOMIC)
		return merge_list(pair, ret_merged, err);
	if (pair->winner == MERGE_PATCH_WINS)
		return replace(pair, ret_merged, err);
	*ret_merged = json_incref(pair->original);
	return 0;
}

int strategic_merge(json_t *original, json_t *patch, const struct merge_rule *rules,
		    enum merge_winner winner, json_t **ret_merged, struct err *err)
{
	struct merge_rule rule = {.kind = MERGE_ATOMIC, .below = rules};
	struct pair pair = {.original = original, .patch = patch, .rule = &rule, .winner = winner};

	if (merge_patch_check(patch, rules, err) < 0)
		return err->code;
	return merge_pair(&pair, ret_merged, err);
}
