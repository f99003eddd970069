/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs programs one after the other and tells what each took. A job is a line of stdin, its fields
 * parted by tabs: the program, the file that it reads as its stdin, its environment, NAME=VALUE
 * each. The answer is a line of stdout: nanoseconds from before the spawn to after the wait, a tab,
 * the peak of its memory in KiB. Ends with 1 at the first job that does not end with 0.
 *
 * `bench-spawn at-once` starts all of them before it waits for any. The answer is one line:
 * nanoseconds from before the first spawn to after the last wait, a tab, how many did not end with
 * 0.
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
	JOBS_MAX = 256, /* at once */
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

/* Starts the job. Returns -1 where it can not be started. */
static int start(const struct job *job, pid_t *ret_pid)
{
	char *arguments[] = {job->program, NULL};
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, job->stdin_path, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	int failure = posix_spawn(ret_pid, job->program, &actions, NULL, arguments,
				  (char *const *)job->environment);
	posix_spawn_file_actions_destroy(&actions);
	if (failure != 0)
		fprintf(stderr, "bench-spawn: %s: %s\n", job->program, strerror(failure));
	return failure != 0 ? -1 : 0;
}

/* Waits for the end of what was started. Returns -1 unless it ended with 0. */
static int finish(pid_t pid, long *ret_peak_kib)
{
	struct rusage usage;
	int status = -1;

	if (wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -1;
	*ret_peak_kib = usage.ru_maxrss;
	return 0;
}

/* Runs the job to its end. Returns -1 unless it ended with 0. */
static int run(const struct job *job, int64_t *ret_ns, long *ret_peak_kib)
{
	int64_t begin = monotonic_ns();
	pid_t pid;
	int r = start(job, &pid);

	if (r == 0)
		r = finish(pid, ret_peak_kib);
	*ret_ns = monotonic_ns() - begin;
	return r;
}

static int run_in_turn(void)
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

/* Reads all jobs. Returns how many there are, or -1. */
static int read_jobs(struct job jobs[static JOBS_MAX])
{
	static char lines[JOBS_MAX][LINE_MAX_BYTES];
	int count = 0;

	while (count < JOBS_MAX && fgets(lines[count], LINE_MAX_BYTES, stdin) != NULL) {
		if (parse(lines[count], &jobs[count]) < 0)
			return -1;
		count++;
	}
	return feof(stdin) ? count : -1;
}

static int run_at_once(void)
{
	static struct job jobs[JOBS_MAX];
	pid_t pids[JOBS_MAX];
	int failed = 0;
	long peak_kib;
	int count = read_jobs(jobs);

	if (count < 0) {
		fprintf(stderr, "bench-spawn: a job has too few fields, or there are too many\n");
		return 1;
	}
	int64_t begin = monotonic_ns();
	for (int i = 0; i < count; i++) {
		if (start(&jobs[i], &pids[i]) < 0)
			return 1;
	}
	for (int i = 0; i < count; i++)
		failed += finish(pids[i], &peak_kib) < 0;
	printf("%lld\t%d\n", (long long)(monotonic_ns() - begin), failed);
	return 0;
}

int main(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "at-once") == 0 ? run_at_once() : run_in_turn();
}
