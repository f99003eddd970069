/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/yaml_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "webhook/core/yaml_name.h"

/* Names of a directory; the array and each entry are owned. */
struct listing {
	struct dirent **entries;
	int count;
};

static void listing_release(struct listing *listing)
{
	for (int i = 0; i < listing->count; i++)
		free(listing->entries[i]);
	free(listing->entries);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int path_list_add(struct path_list *list, const char *path, struct err *err)
{
	CLEANUP(freep) char *copy = strdup(path);
	CLEANUP(freep) char **paths = calloc(list->count + 1, sizeof(*paths));

	if (copy == NULL || paths == NULL)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < list->count; i++)
		paths[i] = list->paths[i];
	paths[list->count] = TAKE(copy);
	/* The old list is freed in place of the new. */
	char **old = list->paths;
	list->paths = paths;
	paths = old;
	list->count++;
	return 0;
}

void path_list_release(struct path_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct path_list){0};
}

static bool is_directory(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int add_entry(const char *directory, const char *name, bool is_recursive,
		     struct path_list *list, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf buf = STRBUF_INIT;
	CLEANUP(freep) char *path = NULL;

	strbuf_printf(&buf, "%s/%s", directory, name);
	int r = strbuf_finish(&buf, &path, err);
	if (r < 0)
		return r;
	if (is_recursive && is_directory(path))
		return yaml_files_list(path, is_recursive, list, err);
	if (!yaml_name_is_document(name))
		return 0;
	return path_list_add(list, path, err);
}

int yaml_files_list(const char *directory, bool is_recursive, struct path_list *list,
		    struct err *err)
{
	CLEANUP(listing_release) struct listing listing = {0};
	int count = scandir(directory, &listing.entries, is_visible, by_name);
	int r = 0;

	if (count < 0)
		return err_set(err, errno, "%s: cannot be listed: %s", directory, strerror(errno));
	listing.count = count;
	for (int i = 0; r == 0 && i < count; i++)
		r = add_entry(directory, listing.entries[i]->d_name, is_recursive, list, err);
	return r;
}
