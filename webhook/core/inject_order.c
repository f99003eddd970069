/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_order.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/json_edit.h"

static json_t *init_containers_of(json_t *pod)
{
	return json_object_get(json_object_get(pod, "spec"), "initContainers");
}

/* The names of a list of containers, as the members of an object: a pod may have many. */
static int names_of(json_t *containers, json_t **ret_names, struct err *err)
{
	json_auto_t *names = json_object();
	size_t i;
	json_t *container;

	if (names == NULL)
		return err_set(err, ENOMEM, "out of memory");
	json_array_foreach(containers, i, container) {
		json_t *name = json_object_get(container, "name");

		if (json_is_string(name) &&
		    json_object_set_nocheck(names, json_string_value(name), name) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	*ret_names = TAKE(names);
	return 0;
}

/* What tells where a container belongs. */
struct clues {
	json_t *original_names; /* borrowed, as is the next */
	const struct profile_choice *choice;
};

/* The parts of the list, in their order. */
enum part {
	PART_FIRST,    /* added, to run before all others */
	PART_SIDECARS, /* added native sidecars */
	PART_OTHERS,
	PART_COUNT,
};

static bool is_first(const struct profile_choice *choice, const char *name)
{
	for (size_t i = 0; i < choice->count; i++) {
		const char *first = choice->profiles[i]->first;

		if (first != NULL && strcmp(first, name) == 0)
			return true;
	}
	return false;
}

/* Where a container belongs; what the original has stays among the others. */
static enum part part_of(const struct clues *clues, json_t *container)
{
	const char *name = json_string_value(json_object_get(container, "name"));
	const char *policy = json_string_value(json_object_get(container, "restartPolicy"));

	if (name == NULL || json_object_get(clues->original_names, name) != NULL)
		return PART_OTHERS;
	if (is_first(clues->choice, name))
		return PART_FIRST;
	return policy != NULL && strcmp(policy, "Always") == 0 ? PART_SIDECARS : PART_OTHERS;
}

/* Appends to `out` the containers of one part. */
static int append_part(enum part part, const struct clues *clues, json_t *merged, json_t *out,
		       struct err *err)
{
	size_t i;
	json_t *container;

	json_array_foreach(merged, i, container) {
		if (part_of(clues, container) == part && json_array_append(out, container) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

/* The init containers in the right order; `merged` itself when they are. */
static int put_in_order(json_t *original, json_t *merged, const struct profile_choice *choice,
			json_t **ret_ordered, struct err *err)
{
	json_auto_t *names = NULL;
	json_auto_t *ordered = json_array();

	if (ordered == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = names_of(original, &names, err);
	const struct clues clues = {names, choice};
	for (enum part part = 0; r == 0 && part < PART_COUNT; part++)
		r = append_part(part, &clues, merged, ordered, err);
	if (r < 0)
		return r;
	*ret_ordered = json_incref(json_equal(ordered, merged) ? merged : ordered);
	return 0;
}

int inject_order(json_t *original_pod, json_t *merged_pod, const struct profile_choice *choice,
		 json_t **ret_pod, struct err *err)
{
	json_t *original = init_containers_of(original_pod);
	json_t *merged = init_containers_of(merged_pod);
	json_t *merged_spec = json_object_get(merged_pod, "spec");
	json_auto_t *pod = json_incref(merged_pod);
	json_auto_t *spec = json_incref(merged_spec);
	json_t *ordered = NULL;

	if (merged != original && json_is_array(merged)) {
		if (put_in_order(original, merged, choice, &ordered, err) < 0)
			return err->code;
		/* Both take what they are given. */
		if (json_edit_set(&spec, merged_spec, "initContainers", ordered, err) < 0 ||
		    json_edit_set(&pod, merged_pod, "spec", json_incref(spec), err) < 0)
			return err->code;
	}
	*ret_pod = TAKE(pod);
	return 0;
}
