/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in a manifest: in what users write for sidewire, and in pods that would be refused. */
#ifndef SIDEWIRE_WEBHOOK_LINT_MANIFEST_H
#define SIDEWIRE_WEBHOOK_LINT_MANIFEST_H

#include "common/base/err.h"
#include "webhook/core/lint_report.h"
#include "webhook/core/manifest_inject.h"

/*
 * Adds what is wrong with labels and annotations of ours in the document's objects: pods, objects
 * that make pods, namespaces, and others, which have no use for them. Then what injection would
 * refuse in a pod, were it asked for; without profiles that is not known. -ENOMEM.
 */
int lint_manifest(struct manifest *manifest, const struct manifest_setting *setting,
		  struct lint_report *report, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
