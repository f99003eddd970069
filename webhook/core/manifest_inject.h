/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Injection into the objects of a manifest: what the webhook would do to the pods that they make;
 * and the way back. */
#ifndef SIDEWIRE_WEBHOOK_MANIFEST_INJECT_H
#define SIDEWIRE_WEBHOOK_MANIFEST_INJECT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "webhook/core/inject.h"
#include "webhook/core/manifest.h"
#include "webhook/core/manifest_namespaces.h"

/* What the cluster is taken to be. All pointers are borrowed. */
struct manifest_setting {
	const struct profile_set *profiles;
	struct inject_options options;
	const char *own_namespace;
	const char *namespace_name;                   /* of objects that name none */
	const struct manifest_namespaces *namespaces; /* empty: nothing is known of any */
};

/*
 * The question that the API server would ask about `pod`, one that the object makes. Where
 * something is known of namespaces, it must be of this one too: -EINVAL.
 */
int manifest_question(const struct manifest_setting *setting, const struct manifest_object *object,
		      json_t *pod, struct inject_question *ret_question, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Injects into the pod of an object that has a workload, as if the pod asked for it, unless it
 * declines: it gets the label sidewire.io/inject: "true" too, so that it is let in wherever it is
 * sent. *ret_result is inject()'s, with an empty patch where everything was there already; the
 * caller releases it. -EINVAL, with line and column, for what cannot be read in the document; the
 * errors of manifest_question(); -ENOMEM.
 */
int manifest_inject(struct manifest *manifest, const struct manifest_object *object,
		    const struct manifest_setting *setting, struct inject_result *ret_result,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Takes out of the pod of an object that has a workload what injection has put in, the label that
 * asks for it too unless it was there before. `left` is uninject()'s; *ret_is_changed tells whether
 * there was anything. -EINVAL for what cannot be read in the document, and the errors of
 * uninject(); -ENOMEM.
 */
int manifest_uninject(struct manifest *manifest, const struct manifest_object *object, json_t *left,
		      bool *ret_is_changed, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
