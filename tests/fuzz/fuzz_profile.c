/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as an operator writes it: YAML text to a checked profile. This is the target of YAML in
 * the strict dialect, of declarations of parameters, and of checks of overlays.
 */
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "webhook/core/profile.h"
#include "webhook/core/yaml_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(profile_release) struct profile profile = {0};
	json_auto_t *document = NULL;
	struct err err = {0};
	int r = yaml_json_read((const char *)data, size, &document, &err);

	if (r == 0)
		r = profile_read(document, &profile, &err);
	if (r < 0) {
		fuzz_check_failure(&err);
		return 0;
	}
	assert(profile.name != NULL && json_is_object(profile.pod));
	assert(!profile.is_redirecting || redirect_spec_check(&profile.redirect, &err) == 0);
	return 0;
}
