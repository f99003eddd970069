/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The redirect document: what is read is written and read again as the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/redirect_spec.h"
#include "tests/fuzz/fuzz.h"

/* The document of what was read; whatever passes the decoder can be encoded. */
static char *encoded(const char *text, size_t length)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	struct err err = {0};
	char *document = NULL;

	if (redirect_spec_decode(text, length, &spec, &err) < 0) {
		fuzz_check_failure(&err);
		return NULL;
	}
	int r = redirect_spec_encode(&spec, &document, &err);
	assert(r == 0);
	return document;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *first = encoded((const char *)data, size);

	if (first == NULL)
		return 0;
	CLEANUP(freep) char *second = encoded(first, strlen(first));
	assert(second != NULL && strcmp(first, second) == 0);
	return 0;
}
