/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is sidewire being uninstalled, or does only this process end? Told by what a watch says of one
 * object that goes with an uninstallation: the own DaemonSet, the own Namespace.
 *
 * `kubectl delete -k` takes the permissions away before the DaemonSet, so asking answers 403, and
 * the DaemonSet never shows a deletionTimestamp; a watch that was opened before still tells.
 */
#ifndef SIDEWIRE_CNI_REMOVAL_WATCH_H
#define SIDEWIRE_CNI_REMOVAL_WATCH_H

#include <jansson.h>
#include <stdbool.h>

/* Zeroed: nothing is known, which means that nothing is uninstalled. */
struct removal_watch {
	bool was_seen;   /* the object was there once */
	bool is_leaving; /* it is gone, or has a deletionTimestamp */
};

/* All there is, an array: the object alone, or nothing. Nothing means that it is gone only if it
 * was seen before. */
void removal_watch_list(struct removal_watch *watch, const json_t *items) __attribute__((nonnull));

/* The object as it is, or, when it is gone, as it was last. */
void removal_watch_object(struct removal_watch *watch, const json_t *object, bool is_gone)
	__attribute__((nonnull));

#endif
