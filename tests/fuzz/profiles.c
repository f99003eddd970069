/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "webhook/io/profile_store.h"

const struct profile_set *fuzz_profiles(void)
{
	static struct profile_set profiles;
	struct err err = {0};

	if (profiles.count == 0 &&
	    profile_store_load("tests/golden/profiles", &profiles, &err) != 0)
		abort();
	return &profiles;
}
