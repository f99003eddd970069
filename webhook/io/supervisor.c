/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/log.h"
#include "common/io/monotonic.h"
#include "webhook/core/worker_end.h"

/* The signals that the first process waits for. */
static void get_awaited(sigset_t *ret_awaited)
{
	sigemptyset(ret_awaited);
	sigaddset(ret_awaited, SIGTERM);
	sigaddset(ret_awaited, SIGINT);
	sigaddset(ret_awaited, SIGHUP);
	sigaddset(ret_awaited, SIGCHLD);
}

void supervisor_begin(void)
{
	sigset_t blocked;

	get_awaited(&blocked);
	sigaddset(&blocked, SUPERVISOR_END);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	/* Where it is ignored, as by who started us, nobody's end can be waited for. */
	signal(SIGCHLD, SIG_DFL);
}

/* In a new worker. false when the first process died before the kernel knew what to do then. */
static bool follow(pid_t first)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return getppid() == first;
}

/* Reaps all children that have ended, ours or not. Whether the worker was one of them. */
static bool reap(pid_t worker, int *ret_status)
{
	bool has_ended = false;
	int status;

	for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (child != worker)
			continue;
		has_ended = true;
		*ret_status = status;
	}
	return has_ended;
}

/* Waits for the worker's end, and passes signals on to it meanwhile. Returns its wait status. */
static int await_end(pid_t worker, const sigset_t *awaited, bool *is_ending)
{
	int status = 0;

	while (!reap(worker, &status)) {
		int number = sigwaitinfo(awaited, NULL);

		if (number == SIGHUP)
			kill(worker, SIGHUP);
		if (number == SIGTERM || number == SIGINT) {
			*is_ending = true;
			kill(worker, SUPERVISOR_END);
		}
	}
	return status;
}

static void log_killed(const struct worker_end *end, bool is_replaced)
{
	struct log_line line;

	log_begin(&line, LOG_ERROR,
		  is_replaced ? "worker killed, another one starts" : "worker killed");
	log_text(&line, "detail", strsignal(end->signal_number));
	log_number(&line, "signal", end->signal_number);
	log_number(&line, "lived_ms", end->lived_ms);
	log_end(&line);
}

int supervisor_run(struct supervision *ret_supervision, struct err *err)
{
	pid_t first = getpid();
	struct worker_end end = {.lived_ms = 0};
	unsigned int quick_ends = 0;
	bool is_ending = false;
	bool is_replaced = true;
	sigset_t awaited;

	get_awaited(&awaited);
	for (unsigned int restarts = 0; is_replaced; restarts++) {
		int64_t begin_ms = monotonic_ms();
		pid_t worker = fork();
		if (worker < 0)
			return err_set(err, errno, "no process could be made: %s", strerror(errno));
		if (worker == 0) {
			*ret_supervision = (struct supervision){follow(first), restarts, 0};
			return 0;
		}
		int status = await_end(worker, &awaited, &is_ending);
		end.signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		end.exit_status = WEXITSTATUS(status);
		end.lived_ms = monotonic_ms() - begin_ms;
		is_replaced = worker_should_be_replaced(&end, is_ending, &quick_ends);
		if (end.signal_number != 0)
			log_killed(&end, is_replaced);
	}
	*ret_supervision = (struct supervision){.exit_status = worker_exit_status(&end)};
	return 0;
}
