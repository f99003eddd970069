/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a namespace says to its pods: its annotations are their defaults, key by key. */
#ifndef SIDEWIRE_WEBHOOK_NAMESPACE_DEFAULTS_H
#define SIDEWIRE_WEBHOOK_NAMESPACE_DEFAULTS_H

#include <jansson.h>

#include "common/base/err.h"

/* What sidewire reads of a Namespace. */
struct namespace_facts {
	const char *name;    /* borrowed from the object */
	const char *label;   /* value of sidewire.io/inject, borrowed; NULL when it has none */
	json_t *annotations; /* the defaults: those under sidewire.io/ and param.sidewire.io/, an
				object of texts, owned; NULL when it has none */
};

/*
 * Reads a Namespace (core/v1), of which nothing but the metadata is looked at. The caller releases
 * *ret_facts, which are good as long as the object. -EINVAL, naming the member, when there is no
 * name, or something has not its type; -ENOMEM.
 */
int namespace_facts_read(const json_t *object, struct namespace_facts *ret_facts, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));

/* Frees the annotations. For CLEANUP(). */
void namespace_facts_release(struct namespace_facts *facts) __attribute__((nonnull));

/*
 * The annotations in force for a pod: `own`, the pod's, and those of `defaults`, the namespace's,
 * whose keys the pod does not have. Either may be NULL, for none; *ret_annotations is NULL when
 * both are. The caller owns it. -ENOMEM.
 */
int namespace_defaults_merge(json_t *own, json_t *defaults, json_t **ret_annotations,
			     struct err *err) __attribute__((nonnull(3, 4), warn_unused_result));

enum annotation_origin {
	ANNOTATION_OF_NOBODY, /* the profile decides, or what it leaves open by default */
	ANNOTATION_OF_NAMESPACE,
	ANNOTATION_OF_POD,
};

/* Whose value of the annotation is in force. `own` and `defaults` as above. */
enum annotation_origin namespace_defaults_origin(const json_t *own, const json_t *defaults,
						 const char *key) __attribute__((nonnull(3)));

#endif
