/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a command line as the tables of command_line.h have it. */
#ifndef SIDEWIRE_IO_COMMAND_READ_H
#define SIDEWIRE_IO_COMMAND_READ_H

#include <stddef.h>

#include "common/base/command_line.h"
#include "common/base/err.h"

/* Some arguments of the command line, borrowed from it. */
struct argument_list {
	const char **items; /* owned */
	size_t count;
};

struct command_call {
	size_t command;
	size_t topic;                  /* of the command `help`; itself: all */
	struct argument_list operands; /* owned */
};

/* Takes an option of the command; `value` is not empty, and NULL for those that take none. A
 * failure ends the reading. */
typedef int command_take(void *options, size_t option, const char *value, struct err *err);

/* Makes a list that has room for the whole command line. The caller frees its items. -ENOMEM. */
int argument_list_init(struct argument_list *list, int argc, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Adds an argument to a list that has room for it. */
void argument_list_add(struct argument_list *list, const char *argument) __attribute__((nonnull));

/*
 * Reads the command line, once in a process (getopt_long): the command comes first, options and
 * operands in any order; `take` is given the options, with `options`. A command whose options have
 * --help becomes the table's `help`, and the rest is not read. Whether operands are there that a
 * command needs is for the caller to ask: command_read_check(). The caller releases *ret_call.
 * -EINVAL with one sentence that says what is wrong; -ENOMEM; what `take` says.
 */
int command_read(const struct command_table *table, int argc, char **argv, command_take *take,
		 void *options, struct command_call *ret_call, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether there are operands where the command needs some, and none where it takes none. -EINVAL.
 */
int command_read_check(const struct command_table *table, size_t command,
		       const struct argument_list *operands, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the list. For CLEANUP(). */
void command_call_release(struct command_call *call) __attribute__((nonnull));

#endif
