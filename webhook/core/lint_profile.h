/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in a profile: what it is refused for, and what is a risk though it is taken. */
#ifndef SIDEWIRE_WEBHOOK_LINT_PROFILE_H
#define SIDEWIRE_WEBHOOK_LINT_PROFILE_H

#include <stdbool.h>

#include "common/base/err.h"
#include "webhook/core/lint_report.h"
#include "webhook/core/yaml_tree.h"

/* Whether the document says that it is a profile, or nearly so. */
bool lint_is_profile(const struct yaml_node *root);

/*
 * Adds the first thing that profile_read() refuses, where it stands in the document; or, of a
 * profile that is taken, what is a risk: no gate, containers that the Pod Security Standard
 * `restricted` or a quota refuses, ports that replace each other in a merge. -ENOMEM.
 */
int lint_profile(const struct yaml_node *root, struct lint_report *report, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
