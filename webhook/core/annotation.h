/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The annotations of sidewire's vocabulary on a pod, or on its namespace as defaults: which there
 * are, and that no other key with our prefixes passes. What a value means is read by others:
 * profile_choice, redirect_resolve. Whoever refuses an annotation begins with its name in quotes,
 * see annotation_is_subject().
 */
#ifndef SIDEWIRE_WEBHOOK_ANNOTATION_H
#define SIDEWIRE_WEBHOOK_ANNOTATION_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"

/*
 * Checks every key under sidewire.io/ and param.sidewire.io/: known (a misspelt one is told its
 * nearest relative), with a value that is not empty. `annotations` is the
 * pod's object of texts, or NULL. -EINVAL, naming the annotation.
 */
int annotation_check(json_t *annotations, struct err *err)
	__attribute__((nonnull(2), warn_unused_result));

/*
 * Refuses what cannot be a default: annotations that the webhook writes. `defaults` is the
 * namespace's object of texts, or NULL. -EINVAL, naming the annotation.
 */
int annotation_check_defaults(json_t *defaults, struct err *err)
	__attribute__((nonnull(2), warn_unused_result));

/* Whether the annotation bears on the redirect, and on nothing else. */
bool annotation_is_of_redirect(const char *key) __attribute__((nonnull));

/* Whether a sentence that refuses an annotation is about this one. */
bool annotation_is_subject(const char *key, const char *sentence) __attribute__((nonnull));

/*
 * Refuses every annotation that bears on the redirect, for a pod whose profiles redirect nothing:
 * it would have no effect, and whoever wrote it believes it has. -EINVAL, naming the annotation.
 */
int annotation_refuse_redirect(json_t *annotations, struct err *err)
	__attribute__((nonnull(2), warn_unused_result));

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
