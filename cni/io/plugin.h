/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of the CNI plugin, from the runtime's variables and stdin to the answer on stdout. */
#ifndef SIDEWIRE_CNI_PLUGIN_H
#define SIDEWIRE_CNI_PLUGIN_H

#include "cni/core/cni_call.h"

/*
 * Does what the variables and the network configuration on `in_fd` ask for, and writes the answer
 * to `out_fd` by one write: ADD's result, VERSION's list, or the error object. Enters the pod's
 * network namespace where there is something to do in it: the process must end afterwards, and must
 * have one thread. Returns the exit status, 0 or 1.
 */
int plugin_run(const struct cni_environment *environment, int in_fd, int out_fd)
	__attribute__((nonnull, warn_unused_result));

#endif
