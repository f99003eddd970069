/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of sidewire-inject that read manifests, carried out. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_RUN_H
#define SIDEWIRE_WEBHOOK_INJECT_RUN_H

#include "common/base/err.h"
#include "webhook/io/inject_options.h"

/*
 * Carries the command out: writes to standard output, and tells on standard error what became of
 * each object. 1 where an input was refused, else 0. What ends everything: a profile or a namespace
 * file that cannot be used, output that cannot be written, -ENOMEM.
 */
int inject_run(const struct inject_command_options *options, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
