/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/file_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

/* A descriptor whose content are `size` bytes of 'x'. */
static int file_of(size_t size)
{
	char path[] = "/tmp/sidewire-unit-XXXXXX";
	int fd = mkstemp(path);

	CU_ASSERT(fd >= 0);
	unlink(path);
	for (size_t i = 0; i < size; i++)
		CU_ASSERT(write(fd, "x", 1) == 1);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void test_bounds(void)
{
	static const struct {
		const char *name;
		size_t size, max;
		int code;
	} ROWS[] = {
		{"empty", 0, 0, 0},
		{"all that is allowed", 10, 10, 0},
		{"one too many", 11, 10, -EFBIG},
		{"more than a chunk", 40000, 50000, 0},
		{"too many in the third chunk", 40000, 39999, -EFBIG},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(freep) char *data = NULL;
		size_t length = 77;
		struct err err = {0};
		int fd = file_of(ROWS[i].size);
		int r = file_read_fd(fd, ROWS[i].max, &data, &length, &err);
		close(fd);
		ASSERT_ROW(ROWS[i].name, r == ROWS[i].code);
		ASSERT_ROW(ROWS[i].name, length == (r == 0 ? ROWS[i].size : 77));
		ASSERT_ROW(ROWS[i].name, (data != NULL) == (r == 0));
		ASSERT_ROW(ROWS[i].name, r < 0 || strlen(data) == length);
	}
}

static void test_messages(void)
{
	CLEANUP(freep) char *data = NULL;
	size_t length;
	struct err err = {0};

	CU_ASSERT_EQUAL(file_read_path("/nonexistent/x", 10, &data, &length, &err), -ENOENT);
	ASSERT_TEXT("absent", err.msg,
		    "/nonexistent/x: cannot be opened: No such file or directory");
	CU_ASSERT_EQUAL(file_read_path("/proc/self", 10, &data, &length, &err), -EISDIR);
	ASSERT_TEXT("directory", err.msg, "/proc/self: cannot be read: Is a directory");
	CU_ASSERT_EQUAL(file_read_path("/proc/self/stat", 10, &data, &length, &err), -EFBIG);
	ASSERT_TEXT("big", err.msg, "/proc/self/stat: has more than 10 bytes");
	CU_ASSERT_PTR_NULL(data);
}

static CU_TestInfo tests[] = {
	{"bounds", test_bounds},
	{"messages", test_messages},
	CU_TEST_INFO_NULL,
};
SUITE("common/io/file_read", tests)
