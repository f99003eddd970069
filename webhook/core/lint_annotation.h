/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in labels and annotations of ours, each looked at by itself. */
#ifndef SIDEWIRE_WEBHOOK_LINT_ANNOTATION_H
#define SIDEWIRE_WEBHOOK_LINT_ANNOTATION_H

#include <stdbool.h>

#include "common/base/err.h"
#include "webhook/core/lint_report.h"
#include "webhook/core/profile_choice.h"
#include "webhook/core/yaml_tree.h"

/* What the values are judged by. All pointers are borrowed. */
struct lint_scope {
	const struct profile_set *profiles;  /* empty: none is known, and less can be said */
	const char *default_profiles;        /* comma list */
	const struct profile_choice *choice; /* of the pod; NULL: not known */
	bool is_of_namespace;                /* they are defaults */
	bool is_mode_none; /* the mode in force: no value contradicts a redirect that is not */
};

/* Adds what is wrong with annotations, which a node holds, of a pod or of a namespace. -ENOMEM. */
int lint_annotations(const struct yaml_node *annotations, const struct lint_scope *scope,
		     struct lint_report *report, struct err *err)
	__attribute__((nonnull(2, 3, 4), warn_unused_result));

/*
 * Adds what is wrong with labels. `expected` completes "expected ...", as in "\"true\" or
 * \"false\"", and `values` are these, a NULL at the end. -ENOMEM.
 */
int lint_labels(const struct yaml_node *labels, const char *const *values, const char *expected,
		struct lint_report *report, struct err *err)
	__attribute__((nonnull(2, 3, 4, 5), warn_unused_result));

/*
 * Adds a warning for every label and annotation of ours in the metadata of an object that they mean
 * nothing for. `kind` is its kind; `where`, unless NULL, is where they would mean something.
 * -ENOMEM.
 */
int lint_misplaced(const struct yaml_node *metadata, const char *kind, const char *where,
		   struct lint_report *report, struct err *err)
	__attribute__((nonnull(2, 4, 5), warn_unused_result));

#endif
