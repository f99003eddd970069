/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/conf_dir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cni/core/conflist.h"
#include "common/base/cleanup.h"
#include "common/io/file_read.h"
#include "common/io/file_write.h"

enum { CONF_FILE_MODE = 0644 };

/* Adds the file to the others, with the reason if it cannot be read, unless it is gone or a
 * directory. */
static int add_file(const char *directory, const char *name, struct conf_files *files,
		    struct err *err)
{
	char path[PATH_MAX];
	struct stat found;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (lstat(path, &found) < 0 || S_ISDIR(found.st_mode))
		return 0;
	struct conf_file *items = realloc(files->items, (files->count + 1) * sizeof(*files->items));
	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	files->items = items;
	struct conf_file *file = &items[files->count++];
	*file = (struct conf_file){.name = ""};
	snprintf(file->name, sizeof(file->name), "%s", name);
	if (!S_ISREG(found.st_mode))
		err_set(&file->error, EINVAL, "is no regular file, and so is left alone");
	else if (file_read_path(path, CONFLIST_SIZE_MAX, &file->data, &file->length,
				&file->error) == -ENOMEM)
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

int conf_dir_read(const char *directory, struct conf_files *ret_files, struct err *err)
{
	CLEANUP(conf_files_release) struct conf_files files = {0};
	const struct dirent *entry;
	int r = 0;
	DIR *stream = opendir(directory);

	if (stream == NULL)
		return err_set(err, errno, "%s: cannot be read: %s", directory, strerror(errno));
	while (r == 0 && (entry = readdir(stream)) != NULL) {
		if (install_plan_is_config(entry->d_name))
			r = add_file(directory, entry->d_name, &files, err);
	}
	closedir(stream);
	if (r < 0)
		return r;
	*ret_files = files;
	files = (struct conf_files){0};
	return 0;
}

static int apply_step(const char *directory, const struct install_step *step, struct err *err)
{
	struct file_content content = {step->data, step->length};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, step->name);
	switch (step->kind) {
	case INSTALL_STEP_REMOVE:
		return file_write_remove(path, err);
	case INSTALL_STEP_CREATE:
		return file_write_replace(path, content, CONF_FILE_MODE, err);
	case INSTALL_STEP_EDIT:
		break;
	}
	struct file_content old = {step->old->data, step->old->length};
	return file_write_edit(path, old, content, err);
}

int conf_dir_apply(const char *directory, const struct install_plan *plan, struct err *err)
{
	struct err later;
	int r = 0;

	for (size_t i = 0; i < plan->count && (r == 0 || plan->is_removal); i++) {
		int step_r = apply_step(directory, &plan->steps[i], r == 0 ? err : &later);

		if (r == 0)
			r = step_r;
	}
	return r;
}
