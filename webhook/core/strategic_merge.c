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

	if (merge_patch_content(pair->patch, &content, err) < 0)
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
		if (merge_directive_of(value) == MERGE_DIRECTIVE_DELETE)
			return 0;
		r = merge_patch_content(value, &result, err);
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

/* How many of the first `count` elements have the identity of `element`; directives have none. */
static size_t count_same(const struct merge_rule *rule, json_t *list, size_t count, json_t *element)
{
	size_t same = 0;

	for (size_t i = 0; i < count; i++) {
		json_t *other = json_array_get(list, i);

		if (is_same_element(rule, other, element) &&
		    merge_directive_of(other) == MERGE_DIRECTIVE_NONE)
			same++;
	}
	return same;
}

/*
 * The index, among the first `count` elements of the list, of the one with the identity of
 * `element` that has `before` such elements in front of it; `count` when there is none.
 */
static size_t find_element(const struct merge_rule *rule, json_t *list, size_t count,
			   json_t *element, size_t before)
{
	for (size_t i = 0; i < count; i++) {
		if (is_same_element(rule, json_array_get(list, i), element) && before-- == 0)
			return i;
	}
	return count;
}

/* Whether a directive in the patch's list concerns the element. */
static bool is_taken_away(const struct pair *list, json_t *element)
{
	size_t i;
	json_t *other;

	if (list->winner == MERGE_ORIGINAL_WINS)
		return false;
	json_array_foreach(list->patch, i, other) {
		enum merge_directive directive = merge_directive_of(other);

		if (directive == MERGE_DIRECTIVE_REPLACE ||
		    (directive == MERGE_DIRECTIVE_DELETE &&
		     is_same_element(list->rule, other, element)))
			return true;
	}
	return false;
}

/* Merges one element of the patch into the first `count` elements of the list, or appends it. */
static int merge_element(const struct pair *list, size_t index, size_t count, json_t **merged,
			 struct err *err)
{
	json_t *element = json_array_get(list->patch, index);
	struct json_path path = {.parent = list->path, .index = index};
	struct merge_rule rule = {.kind = MERGE_ATOMIC, .below = list->rule->below};
	size_t before = count_same(list->rule, list->patch, index, element);
	size_t at = find_element(list->rule, *merged, count, element, before);
	struct pair pair = {.original = json_array_get(*merged, at),
			    .patch = element,
			    .rule = &rule,
			    .path = &path,
			    .winner = list->winner};
	json_t *result = NULL;
	int r;

	if (at == count) {
		r = merge_patch_content(element, &result, err);
		return r < 0 ? r : json_edit_append(merged, list->original, result, err);
	}
	if (is_taken_away(list, element))
		r = replace(&pair, &result, err);
	else
		r = merge_pair(&pair, &result, err);
	return r < 0 ? r : json_edit_set_element(merged, list->original, at, result, err);
}

/* Adds an element of the patch unless it is there. */
static int add_to_set(const struct pair *set, json_t *element, json_t **merged, struct err *err)
{
	if (count_same(set->rule, *merged, json_array_size(*merged), element) > 0)
		return 0;
	return json_edit_append(merged, set->original, json_incref(element), err);
}

/*
 * Removes, of the first `count` elements, those that a directive concerns. What the patch sets as
 * well was replaced in its place instead: the same patch applied again then changes nothing.
 */
static int remove_elements(const struct pair *list, size_t count, json_t **merged, struct err *err)
{
	size_t patch_count = json_array_size(list->patch);

	for (size_t i = count; i-- > 0;) {
		json_t *element = json_array_get(*merged, i);

		if (!is_taken_away(list, element) ||
		    count_same(list->rule, *merged, i, element) <
			    count_same(list->rule, list->patch, patch_count, element))
			continue;
		if (json_edit_remove_element(merged, list->original, i, err) < 0)
			return err->code;
	}
	return 0;
}

static int merge_list(const struct pair *pair, json_t **ret_merged, struct err *err)
{
	json_auto_t *merged = json_incref(pair->original);
	size_t count = json_array_size(merged);
	bool has_directives = false;
	size_t i;
	json_t *element;

	json_array_foreach(pair->patch, i, element) {
		int r = 0;

		if (merge_directive_of(element) != MERGE_DIRECTIVE_NONE)
			has_directives = true;
		else if (pair->rule->kind == MERGE_SET)
			r = add_to_set(pair, element, &merged, err);
		else
			r = merge_element(pair, i, count, &merged, err);
		if (r < 0)
			return r;
	}
	if (has_directives && remove_elements(pair, count, &merged, err) < 0)
		return err->code;
	*ret_merged = TAKE(merged);
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
