/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/profile_store.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/io/file_read.h"
#include "webhook/core/profile_text.h"
#include "webhook/io/yaml_files.h"

#define DATA_LINK "..data"

enum { LOAD_ATTEMPTS_MAX = 4 };

int profile_store_add(struct profile_set *set, const char *path, struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int r = file_read_path(path, PROFILE_SIZE_MAX, &text, &length, err);

	return r == 0 ? profile_text_add(set, path, text, length, err) : r;
}

/* Adds a file that is in the directory, by its name. */
static int add_listed(struct profile_set *set, const char *path, struct err *err)
{
	int r = profile_store_add(set, path, err);

	return r == -ENOENT ? err_set(err, EINVAL,
				      "%s: is not there: a symbolic link that leads nowhere, or a "
				      "file that was just taken away",
				      path)
			    : r;
}

/* Reads the profiles that are in this directory itself. */
static int load_directory(const char *directory, struct profile_set *ret_set, struct err *err)
{
	CLEANUP(path_list_release) struct path_list files = {0};
	CLEANUP(profile_set_release) struct profile_set set = {0};
	int r = yaml_files_list(directory, false, &files, err);

	if (r == 0 && files.count == 0)
		r = err_set(err, ENOENT, "%s: no profile in it (*.yaml, *.yml or *.json)",
			    directory);
	for (size_t i = 0; r == 0 && i < files.count; i++)
		r = add_listed(&set, files.paths[i], err);
	if (r < 0)
		return r;
	*ret_set = set;
	set = (struct profile_set){0};
	return 0;
}

/* "directory/..data"; the caller frees it. */
static int data_path(const char *directory, char **ret_path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;

	strbuf_printf(&path, "%s/" DATA_LINK, directory);
	return strbuf_finish(&path, ret_path, err);
}

void profile_store_version(const char *directory, char ret_version[static PROFILE_VERSION_SIZE])
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ssize_t length = -1;

	if (fd >= 0) {
		length = readlinkat(fd, DATA_LINK, ret_version, PROFILE_VERSION_SIZE - 1);
		close(fd);
	}
	ret_version[length < 0 ? 0 : length] = '\0';
}

int profile_store_load(const char *directory, struct profile_set *ret_set, struct err *err)
{
	CLEANUP(freep) char *data = NULL;
	char before[PROFILE_VERSION_SIZE];
	char after[PROFILE_VERSION_SIZE];
	int r = data_path(directory, &data, err);

	if (r < 0)
		return r;
	for (int i = 0; i < LOAD_ATTEMPTS_MAX; i++) {
		CLEANUP(profile_set_release) struct profile_set set = {0};
		struct err failure;

		profile_store_version(directory, before);
		r = load_directory(before[0] != '\0' ? data : directory, &set, &failure);
		profile_store_version(directory, after);
		/* What was read of two versions, or failed since files went, is nothing. */
		if (strcmp(before, after) != 0)
			continue;
		if (r < 0) {
			*err = failure;
			return r;
		}
		*ret_set = set;
		set = (struct profile_set){0};
		return 0;
	}
	return err_set(err, EAGAIN, "%s: changed while it was read, %d times", directory,
		       LOAD_ATTEMPTS_MAX);
}

int profile_store_names(const struct profile_set *set, char **ret_names, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < set->count; i++)
		strbuf_printf(&names, "%s%s", i > 0 ? "," : "", set->profiles[i].name);
	return strbuf_finish(&names, ret_names, err);
}

void profile_store_hash(const struct profile_set *set, char ret_hash[static PROFILE_HASH_SIZE])
{
	struct sha256_ctx context;
	uint8_t digest[SHA256_DIGEST_SIZE];

	/* A profile's own hash has its name in it; the set is sorted; each hash has one length. */
	sha256_init(&context);
	for (size_t i = 0; i < set->count; i++)
		sha256_update(&context, PROFILE_HASH_SIZE, (const uint8_t *)set->profiles[i].hash);
	sha256_digest(&context, sizeof(digest), digest);
	for (size_t i = 0; i < (PROFILE_HASH_SIZE - 1) / 2; i++)
		snprintf(ret_hash + 2 * i, 3, "%02x", digest[i]);
}
