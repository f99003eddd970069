/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/err.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/suite.h"

static void test_set(void)
{
	struct err err = {0};

	CU_ASSERT(err_set(&err, EINVAL, "port '%s' is %d", "x", 7) == -EINVAL);
	CU_ASSERT(err.code == -EINVAL);
	ASSERT_TEXT("message", err.msg, "port 'x' is 7");
	CU_ASSERT(err_set(&err, ENOMEM, "other") == -ENOMEM);
	ASSERT_TEXT("the last one counts", err.msg, "other");
}

static void test_wrap(void)
{
	struct err err = {0};

	err_set(&err, ERANGE, "100%% of %s", "it");
	CU_ASSERT(err_wrap(&err, "annotation '%s'", "k") == -ERANGE);
	CU_ASSERT(err_wrap(&err, "pod") == -ERANGE);
	CU_ASSERT(err.code == -ERANGE);
	ASSERT_TEXT("message", err.msg, "pod: annotation 'k': 100% of it");
}

/* A failure is a failure even where the errno was forgotten. */
static void test_no_errno(void)
{
	struct err err = {0};

	CU_ASSERT(err_set(&err, 0, "x") == -EIO);
}

static void test_cut(void)
{
	char filling[2 * ERR_MSG_SIZE];
	struct err err = {0};

	memset(filling, 'a', sizeof(filling) - 1);
	filling[sizeof(filling) - 1] = '\0';
	err_set(&err, EINVAL, "%.*s", ERR_MSG_SIZE - 1, filling);
	CU_ASSERT(strlen(err.msg) == ERR_MSG_SIZE - 1);
	CU_ASSERT(err.msg[ERR_MSG_SIZE - 2] == 'a');
	err_set(&err, EINVAL, "%s", filling);
	CU_ASSERT(strlen(err.msg) == ERR_MSG_SIZE - 1);
	ASSERT_TEXT("the end", err.msg + ERR_MSG_SIZE - 5, "a...");
	err_set(&err, EINVAL, "%.*s", ERR_MSG_SIZE - 3, filling);
	err_wrap(&err, "b");
	CU_ASSERT(strncmp(err.msg, "b: aaa", 6) == 0);
	ASSERT_TEXT("the end, wrapped", err.msg + ERR_MSG_SIZE - 5, "a...");
	err_wrap(&err, "%s", filling);
	CU_ASSERT(strlen(err.msg) == ERR_MSG_SIZE - 1);
}

/* What comes from outside may be no text, and a cut may go through a character. */
static void test_utf8(void)
{
	char filling[ERR_MSG_SIZE];
	struct err err = {0};

	err_set(&err, EINVAL, "'%s' and '%s'", "\xff", "\xc3\xa4");
	ASSERT_TEXT("bytes", err.msg, "'?' and '\xc3\xa4'");
	memset(filling, 'a', sizeof(filling));
	err_set(&err, EINVAL,
		"%.*s\xc3\xa4"
		"bcdefg",
		ERR_MSG_SIZE - 5, filling);
	ASSERT_TEXT("a cut character", err.msg + ERR_MSG_SIZE - 6, "a?...");
}

/* Of several steps: what succeeds before or after it does not hide a failure, nor does a later one.
 */
static void test_first(void)
{
	const struct err cause = {.code = -EINVAL, .msg = "the first"};
	const struct err later = {.code = -EIO, .msg = "the second"};
	struct err err = {0};
	int first = 0;

	err_keep_first(0, &later, &first, &err);
	CU_ASSERT(first == 0 && err.code == 0);
	err_keep_first(-EINVAL, &cause, &first, &err);
	err_keep_first(-EIO, &later, &first, &err);
	err_keep_first(0, &later, &first, &err);
	CU_ASSERT(first == -EINVAL && err.code == -EINVAL);
	ASSERT_TEXT("cause", err.msg, "the first");
}

static CU_TestInfo tests[] = {{"set", test_set},
			      {"wrap", test_wrap},
			      {"no errno", test_no_errno},
			      {"what does not fit is marked", test_cut},
			      {"messages are UTF-8", test_utf8},
			      {"the first of several failures", test_first},
			      CU_TEST_INFO_NULL};
SUITE("common/base/err", tests)
