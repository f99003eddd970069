/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/file_write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/file_read.h"

/* How often two writers may get between each other before we leave it. */
enum { EXCHANGES_MAX = 100 };

static int failed(const char *path, const char *what, struct err *err)
{
	int saved = errno;

	return err_set(err, saved, "%s: %s: %s", path, what, strerror(saved));
}

static int write_all(int fd, const char *path, struct file_content content, struct err *err)
{
	const char *at = content.data;
	size_t left = content.length;

	while (left > 0) {
		ssize_t written = write(fd, at, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return failed(path, "cannot be written", err);
		at += written;
		left -= (size_t)written;
	}
	return 0;
}

/* Writes the temporary file whole and to the disk. `owner` is whom it shall belong to, or NULL. */
static int write_temporary(const char *path, struct file_content content, mode_t mode,
			   const struct stat *owner, struct err *err)
{
	int fd;

	/* What a killed process has left; anything else than a file of ours stays in the way. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failed(path, "cannot be made", err);
	int r = write_all(fd, path, content, err);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = failed(path, "its mode cannot be set", err);
	/* Afterwards, another's file, it could not be given a mode without CAP_FOWNER. */
	if (r == 0 && owner != NULL && fchown(fd, owner->st_uid, owner->st_gid) < 0)
		r = failed(path, "its owner cannot be set", err);
	if (r == 0 && fsync(fd) < 0)
		r = failed(path, "cannot be synced", err);
	close(fd);
	if (r < 0)
		unlink(path);
	return r;
}

static int temporary_name(const char *path, char temporary[static PATH_MAX], struct err *err)
{
	int length = snprintf(temporary, PATH_MAX, "%s" FILE_WRITE_SUFFIX, path);

	if (length < 0 || length >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%s: is too long a path", path);
	return 0;
}

/* What was renamed or unlinked stays so after a power cut. */
static int sync_directory_of(const char *path, struct err *err)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(directory, sizeof(directory), "%.*s", slash != NULL ? (int)(slash - path) : 1,
		 slash != NULL ? path : ".");
	int fd = open(*directory != '\0' ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(directory, "cannot be opened", err);
	int r = fsync(fd) < 0 ? failed(directory, "cannot be synced", err) : 0;
	close(fd);
	return r;
}

int file_write_replace(const char *path, struct file_content content, mode_t mode, struct err *err)
{
	char temporary[PATH_MAX];
	int r = temporary_name(path, temporary, err);

	if (r == 0)
		r = write_temporary(temporary, content, mode, NULL, err);
	if (r < 0)
		return r;
	if (rename(temporary, path) < 0) {
		r = failed(path, "cannot be replaced", err);
		unlink(temporary);
		return r;
	}
	return sync_directory_of(path, err);
}

static bool is_same(struct file_content a, struct file_content b)
{
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static int exchange(const char *temporary, const char *path, struct err *err)
{
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_EXCHANGE) < 0)
		return failed(path, "cannot be exchanged", err);
	return 0;
}

/* Reads what came out of the place in an exchange. */
static int read_out(const char *temporary, const char *path, char **ret_data, size_t *ret_length,
		    struct err *err)
{
	/* This takes a while, in which who had the file open shows that he writes. */
	int r = sync_directory_of(path, err);

	return r == 0 ? file_read_path(temporary, FILE_WRITE_EDIT_MAX, ret_data, ret_length, err)
		      : r;
}

/*
 * After the first exchange: repeats it until what came out of the place is what was meant to come
 * out. That is first the expected content. If it was another, that goes back, and what we had put
 * in has to come out; or else someone has written meanwhile, and that goes back in turn. If it is
 * not known what came out first, it goes back, too.
 */
static int settle(const char *temporary, const char *path, struct file_content expected,
		  struct file_content content, struct err *err)
{
	CLEANUP(freep) char *older = NULL; /* own what the two contents point to, in later rounds */
	CLEANUP(freep) char *newer = NULL;
	struct err ignored;

	for (int i = 0; i < EXCHANGES_MAX; i++) {
		CLEANUP(freep) char *out = NULL;
		size_t length;
		int r = read_out(temporary, path, &out, &length, err);

		if (r != 0 && i == 0)
			(void)exchange(temporary, path, &ignored);
		if (r != 0)
			return r;
		struct file_content found = {out, length};
		if (is_same(found, expected))
			return i == 0 ? 0 : err_set(err, EBUSY, "%s: another wrote it", path);
		r = exchange(temporary, path, err);
		if (r < 0)
			return r;
		expected = content;
		content = found;
		free(older);
		older = newer;
		newer = TAKE(out);
	}
	return err_set(err, EBUSY, "%s: others write it all the time", path);
}

/* File systems without exchange (NFS, vfat): there remains a moment in which another's write is
 * lost. */
static int rename_if_expected(const char *temporary, const char *path, struct file_content expected,
			      struct err *err)
{
	CLEANUP(freep) char *data = NULL;
	size_t length;
	int r = file_read_path(path, FILE_WRITE_EDIT_MAX, &data, &length, err);

	if (r < 0)
		return r;
	if (!is_same((struct file_content){data, length}, expected))
		return err_set(err, EBUSY, "%s: another wrote it", path);
	if (rename(temporary, path) < 0)
		return failed(path, "cannot be replaced", err);
	return sync_directory_of(path, err);
}

int file_write_edit(const char *path, struct file_content expected, struct file_content content,
		    struct err *err)
{
	char temporary[PATH_MAX];
	struct stat old;
	int r = temporary_name(path, temporary, err);

	if (r < 0)
		return r;
	if (lstat(path, &old) < 0)
		return failed(path, "cannot be looked at", err);
	r = write_temporary(temporary, content, old.st_mode & 07777, &old, err);
	if (r < 0)
		return r;
	r = exchange(temporary, path, err);
	if (r == 0)
		r = settle(temporary, path, expected, content, err);
	else if (r == -EINVAL || r == -ENOSYS)
		r = rename_if_expected(temporary, path, expected, err);
	/* Whatever is left over by now: the old file, or the one that was not wanted. */
	unlink(temporary);
	return r;
}

int file_write_remove(const char *path, struct err *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return failed(path, "cannot be removed", err);
	return sync_directory_of(path, err);
}

/* Removes the entry if it is a temporary file. */
static int sweep_entry(const char *directory, const char *name, struct err *err)
{
	char path[PATH_MAX];
	size_t length = strlen(name);
	size_t suffix_length = strlen(FILE_WRITE_SUFFIX);

	if (length < suffix_length || strcmp(name + length - suffix_length, FILE_WRITE_SUFFIX) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (unlink(path) < 0 && errno != ENOENT)
		return failed(path, "cannot be removed", err);
	return 0;
}

int file_write_sweep(const char *directory, struct err *err)
{
	const struct dirent *entry;
	int r = 0;
	DIR *stream = opendir(directory);

	if (stream == NULL)
		return failed(directory, "cannot be read", err);
	while (r == 0 && (entry = readdir(stream)) != NULL)
		r = sweep_entry(directory, entry->d_name, err);
	closedir(stream);
	return r;
}
