/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/plugin_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/file_write.h"
#include "common/vocabulary.h"

enum {
	PLUGIN_MODE = 0755,
	CHUNK_SIZE = 16 * 1024,
};

/* Bytes of the source, mapped, so that they cost no memory of our own. */
static void unmap(struct file_content *content)
{
	if (content->data != NULL)
		munmap((void *)(uintptr_t)content->data, content->length);
}

static int map(const char *path, struct file_content *ret_content, struct err *err)
{
	struct stat found;
	void *data = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &found) == 0)
		data = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	int saved = errno;
	if (fd >= 0)
		close(fd);
	if (data == MAP_FAILED)
		return err_set(err, saved, "%s: cannot be read: %s", path, strerror(saved));
	*ret_content = (struct file_content){data, (size_t)found.st_size};
	return 0;
}

static void installed_path(const struct plugin_file *file, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" CNI_PLUGIN_TYPE, file->directory);
}

/* Whether the file has these bytes. It is read, not mapped: others may write to it. */
static bool has_content(const char *path, struct file_content wanted)
{
	char chunk[CHUNK_SIZE];
	const char *at = wanted.data;
	size_t left = wanted.length;
	ssize_t got = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return false;
	while (got > 0) {
		got = read(fd, chunk, sizeof(chunk));
		if (got < 0 || (size_t)got > left || memcmp(chunk, at, (size_t)got) != 0)
			break;
		at += got;
		left -= (size_t)got;
	}
	close(fd);
	return got == 0 && left == 0;
}

/* Whether it is the same file, and nobody has written to it since. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int plugin_file_check(struct plugin_file *file, bool *ret_is_in_place, struct err *err)
{
	CLEANUP(unmap) struct file_content wanted = {0};
	char path[PATH_MAX];
	struct stat found;

	installed_path(file, path);
	bool is_there = lstat(path, &found) == 0 && S_ISREG(found.st_mode) &&
			(found.st_mode & 07777) == PLUGIN_MODE;
	if (is_there && is_same(&found, &file->compared)) {
		*ret_is_in_place = true;
		return 0;
	}
	int r = map(file->source, &wanted, err);
	if (r < 0)
		return r;
	*ret_is_in_place = is_there && has_content(path, wanted);
	if (*ret_is_in_place)
		file->compared = found;
	return 0;
}

int plugin_file_install(const struct plugin_file *file, struct err *err)
{
	CLEANUP(unmap) struct file_content wanted = {0};
	char path[PATH_MAX];
	int r = map(file->source, &wanted, err);

	if (r < 0)
		return r;
	installed_path(file, path);
	return file_write_replace(path, wanted, PLUGIN_MODE, err);
}
