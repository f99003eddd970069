/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "webhook/io/profile_store.h"

/* Adds the profiles of a directory, which are good. */
static void add_directory(struct profile_set *set, const char *directory)
{
	struct profile_set more = {0};
	struct err err = {0};
	int r = profile_store_load(directory, &more, &err);

	for (size_t i = 0; r == 0 && i < more.count; i++)
		r = profile_set_add(set, &more.profiles[i], &err);
	assert(r == 0);
	/* Their profiles have gone over. */
	free(more.profiles);
}

const struct profile_set *fuzz_profiles(void)
{
	static struct profile_set profiles;

	if (profiles.count == 0) {
		add_directory(&profiles, "manifests/profiles");
		add_directory(&profiles, "tests/golden/profiles");
	}
	return &profiles;
}
