/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzers share. Each is a libFuzzer target: https://llvm.org/docs/LibFuzzer.html */
#ifndef SIDEWIRE_TESTS_FUZZ_H
#define SIDEWIRE_TESTS_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/err.h"
#include "webhook/core/profile.h"

/* Called by libFuzzer for every input. Returns 0; whatever is wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failure has a code and one sentence, which ends inside the message. */
static inline void fuzz_check_failure(const struct err *err)
{
	size_t length = strnlen(err->msg, sizeof(err->msg));

	assert(err->code < 0);
	assert(length > 0 && length < sizeof(err->msg));
}

/* The profiles that are shipped, and the drafts, read once; the fuzzers run where manifests/ and
 * tests/ are. */
const struct profile_set *fuzz_profiles(void);

#endif
