/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/kubectl.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/io/file_read.h"

#define PROGRAM "kubectl"

enum {
	OUTPUT_SIZE_MAX = 64 * 1024 * 1024, /* the nodes of a large cluster */
	FIXED_WORDS = 4,                    /* kubectl, get, --output, json */
	WORDS_MAX = FIXED_WORDS + KUBECTL_ARGUMENTS_MAX + 1,
};

/* Starts kubectl with its standard output in `out`. */
static int start(char *const argv[], int out, pid_t *ret_pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return err_set(err, r, "%s", strerror(r));
	r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(&pid, PROGRAM, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return err_set(err, r, PROGRAM " cannot be run: %s", strerror(r));
	*ret_pid = pid;
	return 0;
}

/* How it ended. */
static int finish(pid_t pid, struct err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_set(err, errno, PROGRAM ": %s", strerror(errno));
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return WIFEXITED(status) ? err_set(err, EIO, PROGRAM " ended with %d", WEXITSTATUS(status))
				 : err_set(err, EIO, PROGRAM " was killed by a signal");
}

static int run(char *const argv[], char **ret_text, size_t *ret_length, struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	struct err second = {0};
	int ends[2];
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, errno, "%s", strerror(errno));
	int r = start(argv, ends[1], &pid, err);
	close(ends[1]);
	if (r == 0)
		r = file_read_fd(ends[0], OUTPUT_SIZE_MAX, &text, ret_length, err);
	/* Before it is waited for: whoever still writes must not wait for us. */
	close(ends[0]);
	if (pid > 0 && finish(pid, r == 0 ? err : &second) < 0)
		return err->code;
	if (r == 0)
		*ret_text = TAKE(text);
	return r;
}

int kubectl_get(const char *const arguments[static KUBECTL_ARGUMENTS_MAX], char **ret_text,
		size_t *ret_length, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	const char *words[WORDS_MAX] = {PROGRAM, "get", "--output", "json"};
	char *argv[WORDS_MAX];

	for (size_t i = 0; i < KUBECTL_ARGUMENTS_MAX && arguments[i] != NULL; i++) {
		words[FIXED_WORDS + i] = arguments[i];
		strbuf_printf(&line, " %s", arguments[i]);
	}
	/* posix_spawn(3) changes no word, in spite of their type. */
	memcpy(argv, words, sizeof(argv));
	int r = run(argv, ret_text, ret_length, err);
	return r < 0 && !line.is_failed ? err_wrap(err, PROGRAM " get%s", line.data) : r;
}
