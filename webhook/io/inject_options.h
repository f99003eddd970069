/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of sidewire-inject, as inject_command_table.h has it. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_OPTIONS_H
#define SIDEWIRE_WEBHOOK_INJECT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/io/command_read.h"

enum inject_command {
	INJECT_COMMAND_INJECT,
	INJECT_COMMAND_UNINJECT,
	INJECT_COMMAND_EXPLAIN,
	INJECT_COMMAND_LINT,
	INJECT_COMMAND_COMPLETION,
	INJECT_COMMAND_VERSION,
	INJECT_COMMAND_HELP,
	INJECT_COMMAND_COUNT,
};

/* All strings are borrowed from the command line, or static. */
struct inject_command_options {
	enum inject_command command;
	enum inject_command topic;       /* of INJECT_COMMAND_HELP; INJECT_COMMAND_HELP: all */
	struct argument_list inputs;     /* files, directories, "-"; of completion: the shell */
	struct argument_list profiles;   /* files */
	struct argument_list namespaces; /* files */
	const char *from_cluster;        /* as it was given; NULL: not given */
	char *living_namespace;          /* of the pod in the cluster; owned; NULL: none is meant */
	const char *living_pod;          /* its name */
	const char *profiles_directory;  /* NULL: not given */
	const char *default_profiles;    /* comma list; NULL: not given */
	const char *namespace_name;      /* NULL: not given */
	const char *gate_image;
	bool has_image_volumes;
	bool is_recursive;
	bool is_quiet;
};

/*
 * Reads the command line, once in a process (getopt_long). The caller releases *ret_options.
 * -EINVAL with one sentence that says what is wrong with it; -ENOMEM.
 */
int inject_options_parse(int argc, char **argv, struct inject_command_options *ret_options,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees the lists. For CLEANUP(). */
void inject_options_release(struct inject_command_options *options) __attribute__((nonnull));

#endif
