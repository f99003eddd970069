/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Kubernetes API answers to a list and to a watch (Kubernetes API Concepts). */
#ifndef SIDEWIRE_BASE_KUBE_EVENT_H
#define SIDEWIRE_BASE_KUBE_EVENT_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

enum {
	KUBE_VERSION_SIZE = 64,  /* bytes of a resourceVersion with its NUL; servers use up to 20 */
	KUBE_CONTINUE_MAX = 4096 /* bytes of a continue token; a name of 253 makes 400 */
};

enum kube_event_type {
	KUBE_EVENT_ADDED,
	KUBE_EVENT_MODIFIED,
	KUBE_EVENT_DELETED,
	KUBE_EVENT_BOOKMARK, /* no change, only a resourceVersion */
	KUBE_EVENT_ERROR,    /* object: a Status */
};

struct kube_event {
	enum kube_event_type type;
	json_t *object;                  /* owned */
	char version[KUBE_VERSION_SIZE]; /* fit for a query as it is; "" for KUBE_EVENT_ERROR */
};

/*
 * Parses one line of a watch. The caller releases *ret_event. -EINVAL for anything else than an
 * event of these types with an object and its resourceVersion; -ENOMEM.
 */
int kube_event_parse(const char *line, size_t length, struct kube_event *ret_event, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Gives the object back. For CLEANUP(). */
void kube_event_release(struct kube_event *event) __attribute__((nonnull));

/*
 * Takes a list apart: the array of its items, which the caller owns, and its resourceVersion, fit
 * for a query as it is. -EINVAL when it is no list: a reply without items must never pass for one
 * that has none; -ENOMEM.
 */
int kube_list_parse(const json_t *list, json_t **ret_items, char ret_version[KUBE_VERSION_SIZE],
		    struct err *err) __attribute__((nonnull(2, 3, 4), warn_unused_result));

/*
 * Where the next page of a list begins: its continue token, borrowed and fit for a query as it is;
 * NULL when there is none. -EINVAL when it is no such text.
 */
int kube_list_next(const json_t *list, const char **ret_token, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));

#endif
