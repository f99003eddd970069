/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The annotations of sidewire's vocabulary on a pod: which there are, and that no other key with
 * our prefixes passes. What a value means is read by others: profile_choice, redirect_resolve.
 */
#ifndef SIDEWIRE_WEBHOOK_ANNOTATION_H
#define SIDEWIRE_WEBHOOK_ANNOTATION_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"

/*
 * Checks every key under sidewire.io/ and param.sidewire.io/: known (a misspelt one is told its
 * nearest relative), done by this version, with a value that is not empty. `annotations` is the
 * pod's object of texts, or NULL. -EINVAL, naming the annotation.
 */
int annotation_check(json_t *annotations, struct err *err)
	__attribute__((nonnull(2), warn_unused_result));

/*
 * Refuses every annotation that bears on the redirect, for a pod whose profiles redirect nothing:
 * it would have no effect, and whoever wrote it believes it has. -EINVAL, naming the annotation.
 */
int annotation_refuse_redirect(json_t *annotations, struct err *err)
	__attribute__((nonnull(2), warn_unused_result));

/*
 * What counts for a pod: its own annotations, and those of its namespace as defaults, key by key.
 * Of a namespace's, only what a user may write under our prefixes is a default, known or not: what
 * is misspelt there is refused like everywhere. Both are objects of texts, or NULL. The caller owns
 * *ret_annotations, which is `own` itself (or NULL) where the namespace adds nothing. -ENOMEM.
 */
int annotation_with_defaults(json_t *own, json_t *of_namespace, json_t **ret_annotations,
			     struct err *err) __attribute__((nonnull(3, 4), warn_unused_result));

/* Whether the key is one that sidewire reads, known or not: sidewire.io/... or
 * param.sidewire.io/... */
bool annotation_is_ours(const char *key) __attribute__((nonnull));

/* Whether sidewire has an annotation, a label, or parameters of that name. */
bool annotation_is_known(const char *key) __attribute__((nonnull));

/* The value of an annotation; NULL when it is absent. Borrowed. */
const char *annotation_get(const json_t *annotations, const char *key) __attribute__((nonnull(2)));

/* Refuses a value: annotation, value and what was expected. Returns -EINVAL. */
int annotation_refuse(const char *key, const char *value, struct err *err) __attribute__((nonnull));

/* The same, with the message that is there as the reason. Returns err->code. */
int annotation_wrap(const char *key, const char *value, struct err *err) __attribute__((nonnull));

#endif
