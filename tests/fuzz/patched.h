/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inputs that say what is right, and what somebody makes of its bytes: a text, NUL, and patches of
 * three bytes each. A patch changes the bits of its last byte at the position that its first two
 * are, the low one first.
 */
#ifndef SIDEWIRE_TESTS_FUZZ_PATCHED_H
#define SIDEWIRE_TESTS_FUZZ_PATCHED_H

#include <stddef.h>
#include <stdint.h>

/* The length of an input's text. */
size_t fuzz_text_length(const uint8_t *data, size_t size);

/* Applies an input's patches to `count` bytes. Positions are taken modulo that. */
void fuzz_patch(const uint8_t *data, size_t size, uint8_t *bytes, size_t count);

/* What a fuzzer of such inputs does in LLVMFuzzerCustomMutator(): the text is changed as JSON, see
 * json_mutate.h, or the patches are, as bytes. */
size_t fuzz_mutate_patched(uint8_t *data, size_t size, size_t max_size, unsigned int seed,
			   const char *const *words);

#endif
