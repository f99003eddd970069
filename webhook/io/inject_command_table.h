/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of sidewire-inject's commands and options: parsing, help and completion read them. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_COMMAND_TABLE_H
#define SIDEWIRE_WEBHOOK_INJECT_COMMAND_TABLE_H

#include "common/base/command_line.h"

/* What the manifests run, and kustomize may name otherwise. */
#define INJECT_GATE_IMAGE "sidewire/sidewire:" SIDEWIRE_VERSION

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

extern const struct command_table INJECT_TABLE;

#endif
