/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to be done in a directory of network configurations so that a runtime runs our plugin
 * behind the primary CNI's, or so that no trace of ours is left. Files come in as values, and steps
 * go out as values.
 *
 * The primary configuration is the one that containerd takes: the first file in the order of bytes
 * whose name ends with .conf, .conflist or .json, be it valid or not. A conflist gets our entry. A
 * configuration of the older form, for one plugin, is never touched: a conflist made from it goes
 * beside it, with a name that sorts just before.
 */
#ifndef SIDEWIRE_CNI_INSTALL_PLAN_H
#define SIDEWIRE_CNI_INSTALL_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "cni/core/backend_choice.h"
#include "common/base/err.h"

/* What is behind the name of a conflist that was made from NAME.conf: NAME-sidewire.conflist. '-'
 * sorts before '.'. */
#define INSTALL_MADE_SUFFIX "-sidewire.conflist"

/* Bytes for a name of NAME_MAX bytes, with what INSTALL_MADE_SUFFIX adds, and a NUL. */
enum { CONF_NAME_SIZE = 288 };

struct conf_file {
	char name[CONF_NAME_SIZE]; /* without directory */
	char *data;                /* owned; NULL: it could not be read */
	size_t length;             /* bytes of data */
	struct err error;          /* why it could not be read */
	bool is_made;              /* by conflist_edit_make(); install_plan_build() writes it */
};

struct conf_files {
	struct conf_file *items; /* owned; in any order */
	size_t count;
};

enum install_goal {
	INSTALL_GOAL_PRESENT,
	INSTALL_GOAL_ABSENT,
};

enum install_step_kind {
	INSTALL_STEP_CREATE, /* there is no such file */
	INSTALL_STEP_EDIT,   /* replace the file, if it still has the old bytes */
	INSTALL_STEP_REMOVE,
};

struct install_step {
	enum install_step_kind kind;
	char name[CONF_NAME_SIZE];
	const struct conf_file *old; /* INSTALL_STEP_EDIT: borrowed from the files; else NULL */
	char *data;                  /* owned; NULL for INSTALL_STEP_REMOVE */
	size_t length;
};

struct install_plan {
	struct install_step *steps; /* owned; to be done in this order */
	size_t count;
	enum backend_choice backend; /* what our entry says */
	/* A runtime would not run our plugin as the files are: a step puts our entry in. Otherwise
	 * what the steps change is only out of date, or left over. */
	bool is_missing;
	bool is_removal; /* all that is ours goes: no step needs another one */
	/* Why our entry can not be put in, or taken out of some file; code 0: nothing is in the
	 * way. */
	struct err obstacle;
};

/* Whether runtimes look at a file of that name. */
bool install_plan_is_config(const char *name) __attribute__((nonnull));

/*
 * Plans; our entry names `backend`. Sorts and marks the files, which must outlive the plan; the
 * caller releases it. Where the primary has a cniVersion that our plugin does not speak, all that
 * is ours goes, whatever the goal: otherwise no pod of the node could start. -ENOMEM.
 */
int install_plan_build(struct conf_files *files, enum install_goal goal,
		       enum backend_choice backend, struct install_plan *ret_plan, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the steps; a zeroed plan is allowed. For CLEANUP(). */
void install_plan_release(struct install_plan *plan) __attribute__((nonnull));

/* Frees the files; zeroed ones are allowed. For CLEANUP(). */
void conf_files_release(struct conf_files *files) __attribute__((nonnull));

#endif
