/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 6902 by itself: shares nothing with the code that makes our patches. */
#ifndef SIDEWIRE_TESTS_FUZZ_JSON_PATCH_H
#define SIDEWIRE_TESTS_FUZZ_JSON_PATCH_H

#include <jansson.h>

/* The document with the operations add, remove and replace of the patch. The caller owns it; NULL
 * when an operation has no place in the document. Neither argument is changed. */
json_t *fuzz_patched(const json_t *document, const json_t *patch) __attribute__((nonnull));

#endif
