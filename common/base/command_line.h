/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a program that has commands with options: its tables, and what is made of
 * them. Parsing (common/io/command_read.h), help and completion all read the same tables. */
#ifndef SIDEWIRE_BASE_COMMAND_LINE_H
#define SIDEWIRE_BASE_COMMAND_LINE_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

/* Of a command, in command_option_row.commands. */
#define COMMAND_MASK(command) (1U << (command))

/* What an argument is, for completion. */
enum command_argument {
	COMMAND_ARGUMENT_TEXT,
	COMMAND_ARGUMENT_FILE,
	COMMAND_ARGUMENT_DIRECTORY,
};

struct command_option_row {
	const char *name;     /* the long one, without dashes */
	char letter;          /* '\0': none */
	const char *argument; /* its name in the help; NULL: it takes none */
	enum command_argument kind;
	unsigned int commands; /* COMMAND_MASK() of those that take it */
	const char *help;      /* lines */
};

struct command_row {
	const char *name;
	const char *operand;  /* in the line of usage; NULL: it takes none */
	const char *needs;    /* "... needs" this, where it takes operands and has none; NULL: it
				 can do without */
	const char *summary;  /* a line */
	const char *help;     /* what is to be known of it: lines, the last one ended too */
	const char *examples; /* the same; with %s in place of the program */
};

/* All static. Commands and options are known by their places. */
struct command_table {
	const char *program;
	const char *function; /* of the completion: "_", and the program without dashes */
	const struct command_row *commands;
	size_t command_count; /* up to 32 */
	const struct command_option_row *options;
	size_t option_count;
	size_t help;            /* the command that tells of commands */
	size_t completion;      /* the command that prints what completes them */
	const char *intro;      /* of the help of all, with %s in place of the program: before the
				   commands, */
	const char *conclusion; /* and behind them */
};

/* Appends what is to be known of a command; of the command `help`: of all. `program` is what the
 * user types. */
void command_help(const struct command_table *table, size_t topic, const char *program,
		  struct strbuf *out) __attribute__((nonnull));

/* Appends the completion of a shell, "bash" or "zsh". -EINVAL for any other. */
int command_completion(const struct command_table *table, const char *shell, struct strbuf *out,
		       struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
