/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/json_diff.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "webhook/core/json_path.h"
#include "webhook/core/merge_keys.h"

/* Two values of the same place, and what is known about it. */
struct pair {
	json_t *before;
	json_t *after;
	const struct merge_rule *rule;
	const struct json_path *path;
	unsigned int depth;
};

static int diff_pair(const struct pair *pair, json_t *patch, struct err *err);

/* Appends one operation; `value` is NULL for a removal. */
static int append(json_t *patch, const char *operation, const struct json_path *path, json_t *value,
		  struct err *err)
{
	CLEANUP(freep) char *pointer = NULL;
	struct strbuf text = STRBUF_INIT;
	json_t *entry = json_object();

	json_path_pointer(path, &text);
	if (strbuf_finish(&text, &pointer, err) < 0) {
		json_decref(entry);
		return err->code;
	}
	/* _new takes the references, also when it fails. */
	int r = json_object_set_new_nocheck(entry, "op", json_string_nocheck(operation));
	r |= json_object_set_new_nocheck(entry, "path", json_string_nocheck(pointer));
	if (value != NULL)
		r |= json_object_set_nocheck(entry, "value", value);
	r |= json_array_append_new(patch, entry);
	return r != 0 ? err_set(err, ENOMEM, "out of memory") : 0;
}

/* One member that both may have. */
static int diff_member(const struct pair *object, const char *key, json_t *patch, struct err *err)
{
	struct json_path path = {.parent = object->path, .member = key};
	struct pair member = {.before = json_object_get(object->before, key),
			      .after = json_object_get(object->after, key),
			      .rule = merge_rule_of(object->rule->below, key),
			      .path = &path,
			      .depth = object->depth + 1};

	if (member.before == NULL)
		return append(patch, "add", &path, member.after, err);
	if (member.after == NULL)
		return append(patch, "remove", &path, NULL, err);
	return diff_pair(&member, patch, err);
}

static int diff_object(const struct pair *pair, json_t *patch, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(pair->before, key, value) {
		if (diff_member(pair, key, patch, err) < 0)
			return err->code;
	}
	json_object_foreach(pair->after, key, value) {
		if (json_object_get(pair->before, key) == NULL &&
		    diff_member(pair, key, patch, err) < 0)
			return err->code;
	}
	return 0;
}

/* Which elements of two lists are the same one. Indexes rise on both sides; NOWHERE for an element
 * that the other list does not have. */
struct alignment {
	size_t *after_of;  /* by index in `before` */
	size_t *before_of; /* by index in `after` */
	size_t before_count;
	size_t after_count;
};

static const size_t NOWHERE = SIZE_MAX;

static void alignment_release(struct alignment *alignment)
{
	free(alignment->after_of);
	free(alignment->before_of);
}

static bool is_same_element(const struct pair *list, size_t before, size_t after)
{
	json_t *a = json_array_get(list->before, before);
	json_t *b = json_array_get(list->after, after);

	return a == b ||
	       json_equal(merge_identity_of(list->rule, a), merge_identity_of(list->rule, b)) != 0;
}

/* Each element of `after` gets the next one in `before` that is the same, if there is one. */
static int align(const struct pair *list, struct alignment *alignment, struct err *err)
{
	size_t next = 0;

	alignment->before_count = json_array_size(list->before);
	alignment->after_count = json_array_size(list->after);
	alignment->after_of = calloc(alignment->before_count + 1, sizeof(size_t));
	alignment->before_of = calloc(alignment->after_count + 1, sizeof(size_t));
	if (alignment->after_of == NULL || alignment->before_of == NULL)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < alignment->before_count; i++)
		alignment->after_of[i] = NOWHERE;
	for (size_t j = 0; j < alignment->after_count; j++) {
		size_t i = next;

		while (i < alignment->before_count && !is_same_element(list, i, j))
			i++;
		alignment->before_of[j] = i < alignment->before_count ? i : NOWHERE;
		if (i == alignment->before_count)
			continue;
		alignment->after_of[i] = j;
		next = i + 1;
	}
	return 0;
}

/* Whether an element would have to be removed in one place and added in another. */
static bool is_reordered(const struct pair *list, const struct alignment *alignment)
{
	for (size_t i = 0; i < alignment->before_count; i++) {
		if (alignment->after_of[i] != NOWHERE)
			continue;
		for (size_t j = 0; j < alignment->after_count; j++) {
			if (alignment->before_of[j] == NOWHERE && is_same_element(list, i, j))
				return true;
		}
	}
	return false;
}

/* Removals from the end on: the indexes before them stay true. */
static int append_removals(const struct pair *list, const struct alignment *alignment,
			   json_t *patch, struct err *err)
{
	for (size_t i = alignment->before_count; i-- > 0;) {
		struct json_path path = {.parent = list->path, .index = i};

		if (alignment->after_of[i] == NOWHERE &&
		    append(patch, "remove", &path, NULL, err) < 0)
			return err->code;
	}
	return 0;
}

/* When element j's turn comes, the list begins with the j elements before it: `add` puts it there
 * (RFC 6902 section 4.1; at the end too), and a change finds it there. */
static int append_changes(const struct pair *list, const struct alignment *alignment, json_t *patch,
			  struct err *err)
{
	struct merge_rule rule = {.kind = MERGE_ATOMIC, .below = list->rule->below};

	for (size_t j = 0; j < alignment->after_count; j++) {
		struct json_path path = {.parent = list->path, .index = j};
		struct pair element = {
			.before = json_array_get(list->before, alignment->before_of[j]),
			.after = json_array_get(list->after, j),
			.rule = &rule,
			.path = &path,
			.depth = list->depth + 1};
		int r = alignment->before_of[j] == NOWHERE
				? append(patch, "add", &path, element.after, err)
				: diff_pair(&element, patch, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int diff_list(const struct pair *list, json_t *patch, struct err *err)
{
	CLEANUP(alignment_release) struct alignment alignment = {0};

	if (align(list, &alignment, err) < 0)
		return err->code;
	if (is_reordered(list, &alignment))
		return append(patch, "replace", list->path, list->after, err);
	if (append_removals(list, &alignment, patch, err) < 0)
		return err->code;
	return append_changes(list, &alignment, patch, err);
}

static int diff_pair(const struct pair *pair, json_t *patch, struct err *err)
{
	bool is_comparable = pair->depth <= JSON_DIFF_DEPTH_MAX &&
			     json_typeof(pair->before) == json_typeof(pair->after);

	if (pair->before == pair->after)
		return 0;
	if (is_comparable && json_is_object(pair->before))
		return diff_object(pair, patch, err);
	if (is_comparable && json_is_array(pair->before) && pair->rule->kind != MERGE_ATOMIC)
		return diff_list(pair, patch, err);
	if (json_equal(pair->before, pair->after))
		return 0;
	return append(patch, "replace", pair->path, pair->after, err);
}

int json_diff(json_t *before, json_t *after, json_t **ret_patch, struct err *err)
{
	struct merge_rule rule = {.kind = MERGE_ATOMIC, .below = MERGE_RULES_POD};
	struct pair pods = {.before = before, .after = after, .rule = &rule, .depth = 1};
	json_auto_t *patch = json_array();

	if (patch == NULL)
		return err_set(err, ENOMEM, "out of memory");
	if (diff_pair(&pods, patch, err) < 0)
		return err->code;
	*ret_patch = TAKE(patch);
	return 0;
}
