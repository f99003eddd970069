/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/manifest_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"

int manifest_stream_find(const char *argument, bool is_recursive, struct path_list *list,
			 struct err *err)
{
	struct stat status;
	size_t before = list->count;

	if (stat(argument, &status) < 0 || !S_ISDIR(status.st_mode))
		return path_list_add(list, argument, err);
	int r = yaml_files_list(argument, is_recursive, list, err);
	if (r == 0 && list->count == before)
		r = err_set(err, ENOENT, "%s: no manifest in it (*.yaml, *.yml or *.json)",
			    argument);
	return r;
}

static int read_all(int fd, const char *path, manifest_handler *handler, void *context,
		    struct err *err)
{
	CLEANUP(document_reader_release) struct document_reader reader = {0};
	struct manifest_source source = {.path = path};
	int r = document_reader_init(&reader, fd, err);

	if (r < 0)
		return r;
	while ((r = document_reader_next(&reader, &source.document, err)) > 0) {
		r = handler(context, &source, err);
		if (r < 0)
			break;
	}
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}

int manifest_stream_file(const char *path, manifest_handler *handler, void *context,
			 struct err *err)
{
	if (strcmp(path, MANIFEST_STREAM_STDIN) == 0)
		return read_all(STDIN_FILENO, "stdin", handler, context, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "%s: cannot be opened: %s", path, strerror(errno));
	int r = read_all(fd, path, handler, context, err);
	close(fd);
	return r;
}
