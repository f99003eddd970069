/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the cluster's namespaces, in little memory: names, and the annotations that are
 * defaults of their pods. What a watch tells is put in; what cannot be kept, for whatever reason,
 * is not known, and whoever looks for it has to ask the API server. So nothing in here is ever
 * wrong, only old.
 */
#ifndef SIDEWIRE_WEBHOOK_NAMESPACE_SET_H
#define SIDEWIRE_WEBHOOK_NAMESPACE_SET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/named_texts.h"

enum {
	/* Older than this nothing is known. Without changes a watch hears a bookmark about once a
	 * minute; one that is cut silently is noticed after 180 s, and the next one hears of
	 * something within two minutes. */
	NAMESPACE_AGE_MAX_MS = 300 * 1000,
	/* Bytes of a namespace's annotations as JSON, of which no more are kept or read: whoever
	 * writes some thousand of them is not to fill the webhook's memory. */
	NAMESPACE_TEXT_MAX = 16 * 1024,
	NAMESPACE_NAME_MAX = 63, /* bytes (RFC 1123 label) */
};

/* Begins zeroed. */
struct namespace_set {
	struct named_texts texts; /* what namespace_text_encode() makes */
	bool is_listed;           /* all that there were have been put in once */
};

/* Frees what is in it, and zeroes it. */
void namespace_set_release(struct namespace_set *set) __attribute__((nonnull));

/* These are all namespaces that there are: an array of Namespace objects. */
void namespace_set_list(struct namespace_set *set, json_t *items) __attribute__((nonnull));

/* There is a new namespace, or it has changed: a Namespace object. */
void namespace_set_put(struct namespace_set *set, const json_t *object) __attribute__((nonnull));

/* A namespace is no more: the object as it was last. */
void namespace_set_remove(struct namespace_set *set, const json_t *object) __attribute__((nonnull));

/*
 * The text of a namespace, for namespace_text_decode(), borrowed until the set changes. `age_ms` is
 * the time since the watch was last heard of. NULL when the namespace is not known: the set does
 * not have it, or not all of them yet, or is older than NAMESPACE_AGE_MAX_MS.
 */
const char *namespace_set_find(const struct namespace_set *set, const char *name, long long age_ms)
	__attribute__((nonnull));

/* What a watch's list needs to keep of a Namespace for namespace_set_list(): a new reference, NULL
 * without memory. */
json_t *namespace_set_keep(json_t *object);

/*
 * A Namespace's annotations for its pods as text, "" for none. The caller frees *ret_text. -EINVAL
 * when it is no Namespace; -E2BIG for more than NAMESPACE_TEXT_MAX bytes; -ENOMEM.
 */
int namespace_text_encode(const json_t *object, char **ret_text, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));

/* The other way: an object that the caller owns, NULL for none. -ENOMEM; -EINVAL for another text.
 */
int namespace_text_decode(const char *text, json_t **ret_annotations, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Checks that a name can be a namespace's, and a part of a URL. -EINVAL. */
int namespace_name_check(const char *name, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
