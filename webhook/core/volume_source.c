/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/volume_source.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/word_list.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

/* Members of type resource.Quantity below a volume (k8s.io/api core/v1). */
static bool is_quantity_member(const char *key)
{
	static const char *const MEMBERS[] = {"sizeLimit", "divisor", "storage", NULL};

	return word_list_has(MEMBERS, key);
}

/* Whether `whole` says all that `part` says. Overlays are checked for depth, so this ends. */
static bool includes(json_t *whole, json_t *part)
{
	const char *key;
	json_t *member;
	size_t index;

	/* Merging puts no null into a pod; others may fill the place. */
	if (json_is_null(part))
		return true;
	if (!json_is_object(part) && !json_is_array(part))
		return json_equal(whole, part);
	if (whole == NULL || json_typeof(whole) != json_typeof(part) ||
	    json_array_size(whole) != json_array_size(part))
		return false;
	json_array_foreach(part, index, member) {
		if (!includes(json_array_get(whole, index), member))
			return false;
	}
	json_object_foreach(part, key, member) {
		if (!is_quantity_member(key) && !includes(json_object_get(whole, key), member))
			return false;
	}
	return true;
}

/* The member that says what kind of volume it is. */
static const char *kind_of(json_t *volume)
{
	void *iterator = json_object_iter(volume);

	for (; iterator != NULL; iterator = json_object_iter_next(volume, iterator)) {
		if (strcmp(json_object_iter_key(iterator), "name") != 0)
			return json_object_iter_key(iterator);
	}
	return "no source";
}

int volume_source_check(json_t *pods, json_t *overlays, struct err *err)
{
	if (includes(pods, overlays))
		return 0;
	return err_set(err, EINVAL,
		       "volume '%.*s' of the pod (%.*s) is not the volume '%.*s' of the profile "
		       "(%.*s): rename the pod's",
		       SHOWN_MAX, json_string_value(json_object_get(pods, "name")), SHOWN_MAX,
		       kind_of(pods), SHOWN_MAX,
		       json_string_value(json_object_get(overlays, "name")), SHOWN_MAX,
		       kind_of(overlays));
}
