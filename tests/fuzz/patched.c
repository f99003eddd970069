/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/patched.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/fuzz/json_mutate.h"

enum { PATCH_SIZE = 3, TEXT_TURNS = 4 }; /* one time in so many the text is changed */

size_t fuzz_text_length(const uint8_t *data, size_t size)
{
	return strnlen((const char *)data, size);
}

void fuzz_patch(const uint8_t *data, size_t size, uint8_t *bytes, size_t count)
{
	for (size_t i = fuzz_text_length(data, size) + 1; count > 0 && i + PATCH_SIZE <= size;
	     i += PATCH_SIZE)
		bytes[(data[i] | (size_t)data[i + 1] << 8) % count] ^= data[i + 2];
}

size_t fuzz_mutate_patched(uint8_t *data, size_t size, size_t max_size, unsigned int seed,
			   const char *const *words)
{
	size_t length = fuzz_text_length(data, size);
	size_t rest = size - length; /* from the NUL on */

	if (rest == 0 && size < max_size)
		data[size++] = '\0', rest = 1;
	if (rest == 0)
		return size;
	if (seed % TEXT_TURNS != 0)
		return length + 1 +
		       LLVMFuzzerMutate(data + length + 1, rest - 1, max_size - length - 1);
	CLEANUP(freep) uint8_t *kept = malloc(rest);
	assert(kept != NULL);
	memcpy(kept, data + length, rest);
	length = fuzz_mutate_json(data, length, max_size - rest, seed / TEXT_TURNS, words);
	memcpy(data + length, kept, rest);
	return length + rest;
}
