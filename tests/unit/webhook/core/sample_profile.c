/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/webhook/core/sample_profile.h"

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"

struct profile sample_profile(const char *text)
{
	json_auto_t *document = quoted_json(text);
	struct profile profile = {0};
	struct err err = {0};
	int r = profile_read(document, &profile, &err);

	if (r < 0)
		printf("\n    %s\n    in: %s\n", err.msg, text);
	CU_ASSERT_EQUAL_FATAL(r, 0);
	return profile;
}

struct profile_set sample_set(void)
{
	static const char *const DOCUMENTS[] = {SAMPLE_PROXY, SAMPLE_OTHER, SAMPLE_AGENT,
						SAMPLE_TPROXY};
	struct profile_set set = {0};

	for (size_t i = 0; i < sizeof(DOCUMENTS) / sizeof(*DOCUMENTS); i++) {
		CLEANUP(profile_release) struct profile profile = sample_profile(DOCUMENTS[i]);
		struct err err = {0};

		CU_ASSERT_EQUAL_FATAL(profile_set_add(&set, &profile, &err), 0);
	}
	return set;
}
