/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of sidewire-inject's commands and options: parsing, help and completion read them. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_COMMAND_TABLE_H
#define SIDEWIRE_WEBHOOK_INJECT_COMMAND_TABLE_H

#include "webhook/io/inject_options.h"

/* What the manifests run, and kustomize may name otherwise. */
#define INJECT_GATE_IMAGE "sidewire/sidewire:" SIDEWIRE_VERSION

#define INJECT_MASK(command) (1U << (command))

enum inject_option {
	INJECT_OPTION_FILENAME,
	INJECT_OPTION_RECURSIVE,
	INJECT_OPTION_FROM_CLUSTER,
	INJECT_OPTION_NAMESPACE,
	INJECT_OPTION_NAMESPACE_FILE,
	INJECT_OPTION_PROFILE,
	INJECT_OPTION_PROFILES_DIR,
	INJECT_OPTION_DEFAULT_PROFILES,
	INJECT_OPTION_IMAGE_VOLUMES,
	INJECT_OPTION_GATE_IMAGE,
	INJECT_OPTION_QUIET,
	INJECT_OPTION_HELP,
	INJECT_OPTION_COUNT,
};

/* What an argument is, for completion. */
enum inject_argument {
	INJECT_ARGUMENT_TEXT,
	INJECT_ARGUMENT_FILE,
	INJECT_ARGUMENT_DIRECTORY,
};

struct inject_option_row {
	const char *name;     /* the long one, without dashes */
	char letter;          /* '\0': none */
	const char *argument; /* its name in the help; NULL: it takes none */
	enum inject_argument kind;
	unsigned int commands; /* INJECT_MASK() of those that take it */
	const char *help;      /* lines */
};

struct inject_command_row {
	const char *name;
	const char *operand;  /* in the line of usage; NULL: it takes none */
	const char *needs;    /* "... needs" this, where it takes operands and has none */
	const char *summary;  /* a line */
	const char *help;     /* what is to be known of it: lines, the last one ended too */
	const char *examples; /* the same; with %s in place of the program */
};

extern const struct inject_option_row INJECT_OPTIONS[INJECT_OPTION_COUNT];
extern const struct inject_command_row INJECT_COMMANDS[INJECT_COMMAND_COUNT];

#endif
