/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that outlives its own crashes: the first process opens the sockets and does nothing
 * else, a child, the worker, serves on them. While there is no worker, connections wait in the
 * sockets' backlogs instead of being refused; what a worker had accepted dies with it.
 *
 * - A worker that a signal killed (SIGSEGV, SIGKILL …) is replaced at once, and that is logged.
 * - One that exits ends the program with its status; so does one that is killed while the program
 *   ends, or is the fifth in a row that lived less than a second: whoever started the program sees
 *   its crashes then. The status is 128 + signal. See webhook/core/worker_end.h.
 * - SIGHUP is passed on to the worker; SIGTERM and SIGINT end the program, and reach the worker as
 *   SUPERVISOR_END and not otherwise: who signals both processes (a terminal's ^C, pkill, systemd)
 *   has told it once.
 * - When the first process dies, the kernel kills the worker (PR_SET_PDEATHSIG, prctl(2)).
 * - Other children are reaped: the first process of a container becomes the parent of all processes
 *   in it whose own has ended (pid_namespaces(7)), as those of `kubectl debug --target`.
 *
 * In a container all processes die together where the kernel runs out of the container's memory
 * (cgroup v2, memory.oom.group, as the kubelet sets it).
 */
#ifndef SIDEWIRE_WEBHOOK_SUPERVISOR_H
#define SIDEWIRE_WEBHOOK_SUPERVISOR_H

#include <signal.h>
#include <stdbool.h>

#include "common/base/err.h"

enum { SUPERVISOR_END = SIGUSR1 };

/* Blocks all these signals in all processes; to be called early, before there are threads. */
void supervisor_begin(void);

/* What a process is to do after supervisor_run(). */
struct supervision {
	bool is_worker;        /* serve; else end with the status */
	unsigned int restarts; /* of a worker: how many were killed before it */
	int exit_status;       /* of the first process; 0 of a worker */
};

/*
 * Forks workers; to be called once, after supervisor_begin(), before there are threads. Returns in
 * each worker at once, for it to serve and to wait for SUPERVISOR_END and SIGHUP; and in the first
 * process when the last worker is gone. What fork(2) says.
 */
int supervisor_run(struct supervision *ret_supervision, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
