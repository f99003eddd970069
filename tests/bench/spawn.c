/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs programs one after the other and tells what each took. A job is a line of stdin, its fields
 * parted by tabs: the program, the file that it reads as its stdin, its environment, NAME=VALUE
 * each. The answer is a line of stdout: nanoseconds from before the spawn to after the wait, a tab,
 * the peak of its memory in KiB. Ends with 1 at the first job that does not end with 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum {
	FIELDS_MAX = 32,
	LINE_MAX_BYTES = 8192,
	NANOSECONDS_PER_SECOND = 1000000000,
};

struct job {
	char *program;
	char *stdin_path;
	char *environment[FIELDS_MAX]; /* ends with NULL */
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

/* Cuts the line into a job that points into it. Returns -1 when fields are missing. */
static int parse(char *line, struct job *ret_job)
{
	char *rest = line;
	struct job job = {0};

	line[strcspn(line, "\n")] = '\0';
	job.program = strsep(&rest, "\t");
	job.stdin_path = strsep(&rest, "\t");
	for (int i = 0; rest != NULL && i < FIELDS_MAX - 1; i++)
		job.environment[i] = strsep(&rest, "\t");
	if (job.stdin_path == NULL || rest != NULL)
		return -1;
	*ret_job = job;
	return 0;
}

/* Runs the job to its end. Returns -1 unless it ended with 0. */
static int run(const struct job *job, int64_t *ret_ns, long *ret_peak_kib)
{
	char *arguments[] = {job->program, NULL};
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, job->stdin_path, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	int64_t begin = monotonic_ns();
	int failure = posix_spawn(&pid, job->program, &actions, NULL, arguments,
				  (char *const *)job->environment);
	if (failure == 0)
		wait4(pid, &status, 0, &usage);
	*ret_ns = monotonic_ns() - begin;
	posix_spawn_file_actions_destroy(&actions);
	if (failure != 0)
		fprintf(stderr, "bench-spawn: %s: %s\n", job->program, strerror(failure));
	if (failure != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -1;
	*ret_peak_kib = usage.ru_maxrss;
	return 0;
}

int main(void)
{
	static char line[LINE_MAX_BYTES];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct job job;
		int64_t nanoseconds = 0;
		long peak_kib = 0;

		if (parse(line, &job) < 0 || run(&job, &nanoseconds, &peak_kib) < 0) {
			fprintf(stderr, "bench-spawn: failed: %s\n", line);
			return 1;
		}
		printf("%lld\t%ld\n", (long long)nanoseconds, peak_kib);
	}
	return 0;
}
