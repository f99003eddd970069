/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/removal_watch.h"

#include <stddef.h>

void removal_watch_list(struct removal_watch *watch, const json_t *items)
{
	const json_t *object = json_array_get(items, 0);

	if (object != NULL)
		removal_watch_object(watch, object, false);
	else
		watch->is_leaving = watch->was_seen;
}

void removal_watch_object(struct removal_watch *watch, const json_t *object, bool is_gone)
{
	const json_t *metadata = json_object_get(object, "metadata");

	watch->was_seen = true;
	watch->is_leaving =
		is_gone || json_is_string(json_object_get(metadata, "deletionTimestamp"));
}
