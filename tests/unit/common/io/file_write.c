/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/file_read.h"
#include "tests/unit/suite.h"

static char directory[32];
static char path[64];
static char temporary[96];

/* A directory of this run's own. */
static void set_up(void)
{
	snprintf(directory, sizeof(directory), "/tmp/sidewire-unit-XXXXXX");
	CU_ASSERT_FATAL(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/file", directory);
	snprintf(temporary, sizeof(temporary), "%s/file" FILE_WRITE_SUFFIX, directory);
}

/* Nothing is left but the file. */
static void tear_down(void)
{
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(directory), 0);
}

static struct file_content content_of(const char *text)
{
	return (struct file_content){text, strlen(text)};
}

static void put(const char *where, const char *text, mode_t mode)
{
	int fd = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CU_ASSERT(fchmod(fd, mode) == 0);
	close(fd);
}

static void assert_file(const char *row, const char *text, mode_t mode)
{
	CLEANUP(freep) char *data = NULL;
	struct stat found = {0};
	struct err err = {0};
	size_t length;

	CU_ASSERT_EQUAL(file_read_path(path, 1000, &data, &length, &err), 0);
	ASSERT_TEXT(row, data, text);
	CU_ASSERT_EQUAL(stat(path, &found), 0);
	ASSERT_ROW(row, (found.st_mode & 07777) == mode);
	ASSERT_ROW(row, access(temporary, F_OK) < 0);
}

static void test_replace(void)
{
	struct err err = {0};

	set_up();
	CU_ASSERT_EQUAL(file_write_replace(path, content_of("new"), 0751, &err), 0);
	assert_file("created", "new", 0751);
	put(temporary, "what a killed process has left", 0600);
	CU_ASSERT_EQUAL(file_write_replace(path, content_of(""), 0640, &err), 0);
	assert_file("replaced", "", 0640);
	tear_down();
}

static void test_edit(void)
{
	struct err err = {0};

	set_up();
	put(path, "old", 0604);
	CU_ASSERT_EQUAL(file_write_edit(path, content_of("old"), content_of("new, longer"), &err),
			0);
	assert_file("edited", "new, longer", 0604);
	CU_ASSERT_EQUAL(file_write_edit(path, content_of("old"), content_of("newer"), &err),
			-EBUSY);
	assert_file("another wrote it", "new, longer", 0604);
	CU_ASSERT_EQUAL(file_write_edit(path, content_of("new"), content_of("newer"), &err),
			-EBUSY);
	assert_file("another wrote more", "new, longer", 0604);
	tear_down();
}

/* What came out of the place cannot be read: it goes back. */
static void test_edit_of_what_is_too_large(void)
{
	struct stat found = {0};
	struct err err = {0};

	set_up();
	put(path, "another's", 0604);
	CU_ASSERT_EQUAL(truncate(path, FILE_WRITE_EDIT_MAX + 1), 0);
	CU_ASSERT_EQUAL(file_write_edit(path, content_of("old"), content_of("new"), &err), -EFBIG);
	CU_ASSERT_EQUAL(stat(path, &found), 0);
	CU_ASSERT_EQUAL(found.st_size, FILE_WRITE_EDIT_MAX + 1);
	CU_ASSERT(access(temporary, F_OK) < 0);
	tear_down();
}

static void test_remove(void)
{
	struct err err = {0};

	set_up();
	put(path, "x", 0600);
	CU_ASSERT_EQUAL(file_write_remove(path, &err), 0);
	CU_ASSERT(access(path, F_OK) < 0);
	CU_ASSERT_EQUAL(file_write_remove(path, &err), 0);
	tear_down();
}

static void test_sweep(void)
{
	struct err err = {0};

	set_up();
	put(path, "stays", 0600);
	put(temporary, "goes", 0600);
	CU_ASSERT_EQUAL(file_write_sweep(directory, &err), 0);
	assert_file("swept", "stays", 0600);
	tear_down();
}

static void test_messages(void)
{
	char expected[ERR_MSG_SIZE];
	struct err err = {0};

	set_up();
	CU_ASSERT_EQUAL(file_write_edit(path, content_of("a"), content_of("b"), &err), -ENOENT);
	snprintf(expected, sizeof(expected), "%s: cannot be looked at: No such file or directory",
		 path);
	ASSERT_TEXT("absent", err.msg, expected);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
	CU_ASSERT_EQUAL(file_write_replace(path, content_of("a"), 0600, &err), -EISDIR);
	snprintf(expected, sizeof(expected), "%s: cannot be replaced: Is a directory", path);
	ASSERT_TEXT("directory", err.msg, expected);
	CU_ASSERT(access(temporary, F_OK) < 0);
	CU_ASSERT_EQUAL(file_write_remove(path, &err), -EISDIR);
	CU_ASSERT_EQUAL(mkdir(temporary, 0700), 0);
	CU_ASSERT_EQUAL(file_write_replace(path, content_of("a"), 0600, &err), -EEXIST);
	snprintf(expected, sizeof(expected), "%s: cannot be made: File exists", temporary);
	ASSERT_TEXT("in the way", err.msg, expected);
	CU_ASSERT_EQUAL(file_write_sweep(directory, &err), -EISDIR);
	rmdir(temporary);
	rmdir(path);
	CU_ASSERT_EQUAL(file_write_sweep("/nonexistent", &err), -ENOENT);
	ASSERT_TEXT("no directory", err.msg,
		    "/nonexistent: cannot be read: No such file or directory");
	tear_down();
}

static CU_TestInfo tests[] = {
	{"replace", test_replace},
	{"edit", test_edit},
	{"edit of what is too large", test_edit_of_what_is_too_large},
	{"remove", test_remove},
	{"sweep", test_sweep},
	{"messages", test_messages},
	CU_TEST_INFO_NULL,
};
SUITE("common/io/file_write", tests)
