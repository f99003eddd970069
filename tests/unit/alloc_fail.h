/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeps over failing allocations: the code under test is run again and again, and each time
 * another one of its allocations fails. It must then say -ENOMEM, or do without.
 *
 * The linker hands every malloc, calloc, realloc, strdup and strndup of the code under test to us
 * (--wrap, see the Makefile), so this works under the sanitizers too, and those find the leaks.
 * jansson is asked by json_set_alloc_funcs(). Not while it parses, though: its lexer does not look
 * whether its buffer grew, and reads past the end of a string that it could not store.
 */
#ifndef SIDEWIRE_TESTS_ALLOC_FAIL_H
#define SIDEWIRE_TESTS_ALLOC_FAIL_H

#include <jansson.h>

#include "common/base/err.h"

/* Does the work once and releases what came of it. 0 or a negative errno. */
typedef int alloc_fail_attempt(const void *input, struct err *err);

/*
 * Runs `attempt` with its first allocation failing, then its second, until one run gets by without
 * a failure. Asserts that every run says 0 or -ENOMEM, that the last one says 0, and that there was
 * an allocation at all; `row` names the case.
 */
void alloc_fail_sweep(const char *row, alloc_fail_attempt *attempt, const void *input)
	__attribute__((nonnull(1, 2)));

/* Does the work once and hands over, as a text that the caller frees, what came of it. 0 or a
 * negative errno. */
typedef int alloc_fail_making(const void *input, char **ret_outcome, struct err *err);

/*
 * The same sweep. Asserts also that a run which says 0, though an allocation failed in it, has made
 * what a run without failures makes: less, or something else, would be a lie.
 */
void alloc_fail_sweep_outcome(const char *row, alloc_fail_making *make, const void *input)
	__attribute__((nonnull(1, 2)));

/* The value as such an outcome: NULL, without memory or for NULL, is a failure. The caller frees
 * *ret_outcome. -ENOMEM. */
int alloc_fail_outcome(const json_t *value, char **ret_outcome, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));

#endif
