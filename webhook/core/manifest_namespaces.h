/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespaces that manifests tell of, for whoever has no cluster to ask. */
#ifndef SIDEWIRE_WEBHOOK_MANIFEST_NAMESPACES_H
#define SIDEWIRE_WEBHOOK_MANIFEST_NAMESPACES_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/manifest.h"
#include "webhook/core/namespace_defaults.h"

struct manifest_namespace {
	struct namespace_facts facts; /* borrowed from the object, its annotations owned */
	json_t *object;               /* owned */
};

struct manifest_namespaces {
	struct manifest_namespace *items; /* owned */
	size_t count;
};

/*
 * Adds the object if it is a Namespace, and does nothing for any other kind. -EINVAL, with line and
 * column, for what cannot be read in the document, and for what namespace_facts_read() refuses;
 * -EEXIST for a name twice; -ENOMEM.
 */
int manifest_namespaces_add(struct manifest_namespaces *namespaces,
			    const struct manifest_object *object, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* What is known of the namespace of that name; NULL for nothing. Borrowed. */
const struct namespace_facts *manifest_namespaces_find(const struct manifest_namespaces *namespaces,
						       const char *name) __attribute__((nonnull));

/* Frees them. For CLEANUP(). */
void manifest_namespaces_release(struct manifest_namespaces *namespaces) __attribute__((nonnull));

#endif
