/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/overlay_check.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "webhook/core/json_path.h"
#include "webhook/core/merge_keys.h"
#include "webhook/core/merge_patch.h"
#include "webhook/core/pod_shape.h"

/* What may be in the part of the overlay that is checked. */
enum directives {
	DIRECTIVES_NONE,
	DIRECTIVES_MERGE, /* those of what merges with the pod's */
};

static int check_directive(const char *key, const json_t *value, enum directives allowed,
			   struct err *err)
{
	if (allowed == DIRECTIVES_NONE)
		return err_set(
			err, EINVAL,
			"an overlay must not have '%.64s' here: what the pod has of this stays",
			key);
	if (merge_directive_of(value) == MERGE_DIRECTIVE_REPLACE)
		return err_set(err, EINVAL,
			       "'$patch: replace' adds nothing to a pod that has no such object: "
			       "name the members that are to stay by '" MERGE_RETAIN_KEYS
			       "' instead");
	return 0;
}

/* The object's own directives. */
static int check_own(json_t *object, const struct json_path *path, enum directives allowed,
		     struct err *err)
{
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member) {
		if (key[0] == '$' && check_directive(key, object, allowed, err) < 0)
			return json_path_wrap(path, err);
	}
	return 0;
}

/* Those at any depth, which merge_patch_check() has bounded. */
static int check_inside(json_t *value, const struct json_path *path, enum directives allowed,
			struct err *err)
{
	const char *key;
	json_t *member;
	size_t i;

	if (check_own(value, path, allowed, err) < 0)
		return err->code;
	json_object_foreach(value, key, member) {
		struct json_path below = {.parent = path, .member = key};

		if (check_inside(member, &below, allowed, err) < 0)
			return err->code;
	}
	json_array_foreach(value, i, member) {
		struct json_path below = {.parent = path, .index = i};

		if (check_inside(member, &below, allowed, err) < 0)
			return err->code;
	}
	return 0;
}

/* Whether what the pod has in the list is kept, so that the overlay's only fills it in. */
static bool is_list_of_the_pods(const char *name)
{
	bool is_so = strcmp(name, "volumes") == 0;

	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++)
		is_so = is_so || strcmp(name, POD_CONTAINER_LISTS[i]) == 0;
	return is_so;
}

/* Whether an element of the list before this one has its key. */
static bool is_repeated(json_t *list, size_t index, const struct merge_rule *rule)
{
	json_t *identity = merge_identity_of(rule, json_array_get(list, index));

	for (size_t i = 0; i < index; i++) {
		json_t *other = json_array_get(list, i);

		if (merge_directive_of(other) == MERGE_DIRECTIVE_NONE &&
		    json_equal(merge_identity_of(rule, other), identity))
			return true;
	}
	return false;
}

/* An element of a list of the spec; one that is there for its directive is as it should be. */
static int check_element(json_t *list, const struct json_path *path, const struct merge_rule *rule,
			 struct err *err)
{
	json_t *element = json_array_get(list, path->index);
	enum directives allowed =
		is_list_of_the_pods(path->parent->member) ? DIRECTIVES_NONE : DIRECTIVES_MERGE;

	if (merge_directive_of(element) != MERGE_DIRECTIVE_NONE)
		return 0;
	if (check_inside(element, path, allowed, err) < 0)
		return err->code;
	if (!is_repeated(list, path->index, rule))
		return 0;
	err_set(err, EINVAL, "there is another one with this '%s'", rule->key);
	return json_path_wrap(path, err);
}

static int check_list(json_t *list, const struct json_path *path, struct err *err)
{
	const struct merge_rule *spec = merge_rule_of(MERGE_RULES_POD, "spec");
	const struct merge_rule *rule = merge_rule_of(spec->below, path->member);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const struct json_path here = {.parent = path, .index = i};

		if (check_element(list, &here, rule, err) < 0)
			return err->code;
	}
	return 0;
}

/* A member of the spec. */
static int check_member(json_t *member, const struct json_path *path, struct err *err)
{
	if (strcmp(path->member, "ephemeralContainers") == 0) {
		err_set(err, EINVAL, "no pod can be created with ephemeral containers");
		return json_path_wrap(path, err);
	}
	return json_is_array(member) ? check_list(member, path, err)
				     : check_inside(member, path, DIRECTIVES_MERGE, err);
}

int overlay_check(json_t *overlay, struct err *err)
{
	const struct json_path metadata = {.member = "metadata"};
	const struct json_path spec_path = {.member = "spec"};
	json_t *spec = json_object_get(overlay, "spec");
	const char *name;
	json_t *member;

	if (check_inside(json_object_get(overlay, "metadata"), &metadata, DIRECTIVES_NONE, err) <
		    0 ||
	    check_own(spec, &spec_path, DIRECTIVES_NONE, err) < 0)
		return err->code;
	json_object_foreach(spec, name, member) {
		const struct json_path path = {.parent = &spec_path, .member = name};

		if (check_member(member, &path, err) < 0)
			return err->code;
	}
	return 0;
}
