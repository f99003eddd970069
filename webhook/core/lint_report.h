/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a look for mistakes has found in a document. */
#ifndef SIDEWIRE_WEBHOOK_LINT_REPORT_H
#define SIDEWIRE_WEBHOOK_LINT_REPORT_H

#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/yaml_tree.h"

enum lint_severity {
	LINT_ERROR,   /* it is refused, or does not do what it seems to */
	LINT_WARNING, /* it works, and is a risk */
};

struct lint_finding {
	enum lint_severity severity;
	unsigned int line, column; /* from 1; a column of 0 is not known */
	char message[ERR_MSG_SIZE];
};

struct lint_report {
	struct lint_finding *items; /* owned */
	size_t count;
};

/* Adds a finding at a node. -ENOMEM. */
int lint_report_add(struct lint_report *report, enum lint_severity severity,
		    const struct yaml_node *node, struct err *err, const char *format, ...)
	__attribute__((nonnull, format(printf, 5, 6), warn_unused_result));

/*
 * Adds a failure whose message begins with its place, as those of yaml_tree_read() and yaml_json()
 * do; `line` is taken where it has none. The failure itself, when it is -ENOMEM, and -ENOMEM.
 */
int lint_report_add_failure(struct lint_report *report, const struct err *failure,
			    unsigned int line, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The node that a message is about: it begins with the path from `root`, a part before each colon,
 * and then may name a key in quotes, as in "spec: redirect: 'gate': 'x' is not ...". The nearest
 * node that there is.
 */
const struct yaml_node *lint_locate(const struct yaml_node *root, const char *message)
	__attribute__((nonnull));

/* Brings the findings into the order of their places. */
void lint_report_sort(struct lint_report *report) __attribute__((nonnull));

/* Frees the findings. For CLEANUP(). */
void lint_report_release(struct lint_report *report) __attribute__((nonnull));

#endif
