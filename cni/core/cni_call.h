/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container runtime says by environment variables (CNI SPEC 1.1.0, section 2, "Parameters").
 * main() hands the values in: nothing here reads the environment.
 */
#ifndef SIDEWIRE_CNI_CNI_CALL_H
#define SIDEWIRE_CNI_CNI_CALL_H

#include <stdbool.h>

#include "common/base/err.h"

enum cni_command {
	CNI_COMMAND_ADD,
	CNI_COMMAND_DEL,
	CNI_COMMAND_CHECK,
	CNI_COMMAND_GC,
	CNI_COMMAND_STATUS,
	CNI_COMMAND_VERSION,
};

/* The variables' values as found, borrowed; NULL for one that is not set. */
struct cni_environment {
	const char *command;      /* CNI_COMMAND */
	const char *container_id; /* CNI_CONTAINERID */
	const char *netns;        /* CNI_NETNS: a path */
	const char *interface;    /* CNI_IFNAME */
	const char *path;         /* CNI_PATH */
};

/* A call whose variables are all there that its command needs, and well formed. The
 * string is borrowed from the environment. */
struct cni_call {
	enum cni_command command;
	const char *netns; /* never NULL or empty for ADD and CHECK; may be NULL for DEL */
};

/* The command's name as in CNI_COMMAND. */
const char *cni_command_name(enum cni_command command);

/* Whether the text is one that the SPEC allows as a container id and as a network's name: letters,
 * digits, '_', '.' and '-', beginning with a letter or digit. */
bool cni_is_identifier(const char *text) __attribute__((nonnull));

/*
 * Checks the environment. An empty variable counts as not set. -EINVAL, with a message that names
 * the variable and what was expected: no or an unknown command; a variable that the command needs
 * and that is not set (all of them are named); a container id or interface name that breaks the
 * grammar of the SPEC. A variable that the command does not need is not looked at.
 * -ENOMEM.
 */
int cni_call_decode(const struct cni_environment *environment, struct cni_call *ret_call,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
