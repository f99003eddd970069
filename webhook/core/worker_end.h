/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows when the process that serves is gone: another one, or the end of the program. */
#ifndef SIDEWIRE_WEBHOOK_WORKER_END_H
#define SIDEWIRE_WEBHOOK_WORKER_END_H

#include <stdbool.h>
#include <stdint.h>

struct worker_end {
	int signal_number; /* that killed it; 0: it exited by itself */
	int exit_status;   /* when it did */
	int64_t lived_ms;
};

enum {
	WORKER_QUICK_MS = 1000,
	WORKER_QUICK_ENDS_MAX = 5,
};

/*
 * Whether another worker takes its place: one that a signal killed is replaced, though not when the
 * program was told to end, nor when this was the WORKER_QUICK_ENDS_MAXth in a row that lived less
 * than WORKER_QUICK_MS. *quick_ends counts these; 0 before the first worker.
 */
bool worker_should_be_replaced(const struct worker_end *end, bool is_ending,
			       unsigned int *quick_ends) __attribute__((nonnull));

/* The program's exit status after its last worker: the worker's own, or 128 + signal, as a shell's.
 */
int worker_exit_status(const struct worker_end *end) __attribute__((nonnull));

#endif
