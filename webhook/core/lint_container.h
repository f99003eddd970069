/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a risk in a container that a profile adds to pods. */
#ifndef SIDEWIRE_WEBHOOK_LINT_CONTAINER_H
#define SIDEWIRE_WEBHOOK_LINT_CONTAINER_H

#include "common/base/err.h"
#include "webhook/core/lint_report.h"
#include "webhook/core/profile.h"
#include "webhook/core/yaml_tree.h"

/* Adds warnings of a container in the overlay of the profile. -ENOMEM. */
int lint_container(const struct yaml_node *container, const struct profile *profile,
		   struct lint_report *report, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
