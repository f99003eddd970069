/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes JSON as JSON, so that most of what a fuzzer tries gets past the parser. */
#ifndef SIDEWIRE_TESTS_FUZZ_JSON_MUTATE_H
#define SIDEWIRE_TESTS_FUZZ_JSON_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own mutation of bytes, and the hook of those who know better. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/*
 * What a fuzzer of JSON does in that hook: members and elements go, come, change places and take
 * values from elsewhere in the text; and now and then bytes change. `words` are keys and texts
 * that mean something to the code under test, with a NULL at the end. Returns the new size.
 */
size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned int seed,
			const char *const *words);

/* The words of pods, and of redirect documents. */
extern const char *const FUZZ_POD_WORDS[];
extern const char *const FUZZ_DOCUMENT_WORDS[];

#endif
