/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing a value that others hold too. The editor begins with `*edited` being the shared value
 * itself (one more reference to it); the first real change makes it a shallow copy, so that a value
 * to which nothing happened keeps its address, and its unchanged members keep theirs.
 *
 * In all functions `shared` is the value that the edit began with, `*edited` is owned by the
 * caller, and indexes are those of `*edited` and exist. They return 0 or -ENOMEM.
 */
#ifndef SIDEWIRE_WEBHOOK_JSON_EDIT_H
#define SIDEWIRE_WEBHOOK_JSON_EDIT_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

/* Sets a member of an object. Takes the reference to `member`, also on failure; one that is NULL is
 * an allocation that failed. */
int json_edit_set(json_t **edited, const json_t *shared, const char *key, json_t *member,
		  struct err *err) __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

/* Removes a member of an object, if it is there. */
int json_edit_remove(json_t **edited, const json_t *shared, const char *key, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Sets an element of an array; `element` is taken like `member` above. */
int json_edit_set_element(json_t **edited, const json_t *shared, size_t index, json_t *element,
			  struct err *err) __attribute__((nonnull(1, 2, 5), warn_unused_result));

/* Appends to an array; `element` is taken like `member` above. `shared` is NULL where the array is
 * new, and nobody else's. */
int json_edit_append(json_t **edited, const json_t *shared, json_t *element, struct err *err)
	__attribute__((nonnull(1, 4), warn_unused_result));

/* Removes an element of an array; the following move up. */
int json_edit_remove_element(json_t **edited, const json_t *shared, size_t index, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
