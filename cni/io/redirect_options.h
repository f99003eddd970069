/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of sidewire-redirect, as redirect_command.h has it. */
#ifndef SIDEWIRE_CNI_REDIRECT_OPTIONS_H
#define SIDEWIRE_CNI_REDIRECT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/core/packet_question.h"
#include "cni/core/redirect_command.h"
#include "cni/io/redirect_apply.h"
#include "common/base/err.h"

enum redirect_output {
	REDIRECT_OUTPUT_WORDS,
	REDIRECT_OUTPUT_JSON,
	/* Of the command plan only: */
	REDIRECT_OUTPUT_IPTABLES,
	REDIRECT_OUTPUT_IP6TABLES,
	REDIRECT_OUTPUT_NFT,
};

/* All strings are borrowed from the command line. */
struct redirect_options {
	enum redirect_command command;
	enum redirect_command topic; /* of REDIRECT_COMMAND_HELP; itself: all */
	const char *operand;         /* the file, "-", or a shell's name; NULL: none */
	const char *annotation;      /* NULL: not given */
	const char *dns_from;        /* NULL: not given */
	const char *pod_netns;       /* NULL: not given */
	uint32_t pid;                /* 0: not given */
	enum redirect_output output;
	enum backend_choice backend;
	struct packet_question question;
	struct packet packet; /* of REDIRECT_COMMAND_EXPLAIN: what the question means */
	bool is_in_pod;
	bool is_replacing;
	bool is_dry_run;
	bool has_no_ssh_exception;
};

/*
 * Reads the command line, once in a process (getopt_long). A command that reads a document has just
 * one: an operand, or an annotation. -EINVAL, -ERANGE with one sentence that says what is wrong;
 * -ENOMEM.
 */
int redirect_options_parse(int argc, char **argv, struct redirect_options *ret_options,
			   struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
