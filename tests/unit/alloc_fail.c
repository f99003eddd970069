/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/alloc_fail.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_text.h"
#include "tests/unit/suite.h"

enum { SWEEP_MAX = 100000 }; /* allocations of one run; more would mean that it never ends */

static size_t remaining; /* allocations until one fails; 0: none will */
static bool has_failed;  /* one did */

/* Whether this allocation is the one. */
static bool should_fail(void)
{
	if (remaining == 0 || --remaining > 0)
		return false;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

/* What the linker makes of each name: __wrap_ is called, __real_ is the library's own. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
json_t *__real_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
json_t *__wrap_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error);

void *__wrap_malloc(size_t size)
{
	return should_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return should_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
	return should_fail() ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text)
{
	return should_fail() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
	return should_fail() ? NULL : __real_strndup(text, length);
}

json_t *__wrap_json_loadb(const char *text, size_t length, size_t flags, json_error_t *error)
{
	size_t suspended = remaining;

	remaining = 0;
	json_t *value = __real_json_loadb(text, length, flags, error);
	remaining = suspended;
	return value;
}

/* Runs the attempt with its n-th allocation failing. Returns whether it had that many. */
static bool run_failing(alloc_fail_attempt *attempt, const void *input, size_t n, int *ret_r)
{
	struct err err = {0};

	has_failed = false;
	remaining = n;
	*ret_r = attempt(input, &err);
	remaining = 0;
	return has_failed;
}

void alloc_fail_sweep(const char *row, alloc_fail_attempt *attempt, const void *input)
{
	json_malloc_t old_malloc;
	json_free_t old_free;
	size_t n = 1;
	int r;

	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(__wrap_malloc, old_free);
	while (n < SWEEP_MAX && run_failing(attempt, input, n, &r)) {
		if (r != 0 && r != -ENOMEM)
			printf("\n    %s: allocation %zu failed: code %d\n", row, n, r);
		CU_ASSERT(r == 0 || r == -ENOMEM);
		n++;
	}
	json_set_alloc_funcs(old_malloc, old_free);
	ASSERT_ROW(row, n > 1 && n < SWEEP_MAX);
	ASSERT_ROW(row, r == 0);
}

/* What a run makes, and what it must be. */
struct making {
	const char *row;
	alloc_fail_making *make;
	const void *input;
	const char *expected;
};

static int attempt_same(const void *input, struct err *err)
{
	const struct making *making = input;
	CLEANUP(freep) char *outcome = NULL;
	int r = making->make(making->input, &outcome, err);

	if (r == 0)
		ASSERT_TEXT(making->row, outcome, making->expected);
	return r;
}

void alloc_fail_sweep_outcome(const char *row, alloc_fail_making *make, const void *input)
{
	CLEANUP(freep) char *expected = NULL;
	struct err err = {0};
	int r = make(input, &expected, &err);
	const struct making making = {row, make, input, expected};

	ASSERT_ROW(row, r == 0);
	if (r == 0)
		alloc_fail_sweep(row, attempt_same, &making);
}

int alloc_fail_outcome(const json_t *value, char **ret_outcome, struct err *err)
{
	char *text = json_text(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*ret_outcome = text;
	return 0;
}
