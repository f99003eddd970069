/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profiles of an installation, by name: the half of profile.h that is about all of them. */
#include "webhook/core/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int profile_set_add(struct profile_set *set, struct profile *profile, struct err *err)
{
	size_t at = 0;

	while (at < set->count && strcmp(set->profiles[at].name, profile->name) < 0)
		at++;
	if (at < set->count && strcmp(set->profiles[at].name, profile->name) == 0)
		return err_set(err, EEXIST, "there are two profiles named '%s'", profile->name);
	if (set->count == PROFILE_COUNT_MAX)
		return err_set(err, E2BIG, "there are more than %d profiles", PROFILE_COUNT_MAX);
	struct profile *profiles =
		realloc(set->profiles, (set->count + 1) * sizeof(*set->profiles));
	if (profiles == NULL)
		return err_set(err, ENOMEM, "out of memory");
	memmove(profiles + at + 1, profiles + at, (set->count - at) * sizeof(*profiles));
	profiles[at] = *profile;
	*profile = (struct profile){0};
	set->profiles = profiles;
	set->count++;
	return 0;
}

const struct profile *profile_set_find(const struct profile_set *set, const char *name,
				       size_t length)
{
	for (size_t i = 0; i < set->count; i++) {
		const char *found = set->profiles[i].name;

		if (strlen(found) == length && memcmp(found, name, length) == 0)
			return &set->profiles[i];
	}
	return NULL;
}

void profile_set_release(struct profile_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		profile_release(&set->profiles[i]);
	free(set->profiles);
	*set = (struct profile_set){0};
}
