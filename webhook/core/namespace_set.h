/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of namespaces from a manifest: what their labels and annotations mean for pods. */
#ifndef SIDEWIRE_WEBHOOK_NAMESPACE_SET_H
#define SIDEWIRE_WEBHOOK_NAMESPACE_SET_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/manifest.h"

struct namespace_info {
	char *name;          /* owned, as the next two */
	char *label;         /* value of sidewire.io/inject; NULL: it has none */
	json_t *annotations; /* object of texts; NULL: it has none */
};

struct namespace_set {
	struct namespace_info *items; /* owned */
	size_t count;
};

/*
 * Adds the object if it is a Namespace, and does nothing for any other kind. -EINVAL, with line and
 * column, where name, labels or annotations are no texts; -EEXIST for a name twice; -ENOMEM.
 */
int namespace_set_add(struct namespace_set *set, const struct manifest_object *object,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

/* The namespace of that name; NULL when it is not known. */
const struct namespace_info *namespace_set_find(const struct namespace_set *set, const char *name)
	__attribute__((nonnull));

/* Frees what the set owns. For CLEANUP(). */
void namespace_set_release(struct namespace_set *set) __attribute__((nonnull));

#endif
