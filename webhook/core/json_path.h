/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a recursion through JSON is: one part a stack frame, linked to the frame above. It becomes
 * text only when a message or a patch operation needs it, so that walking costs nothing.
 */
#ifndef SIDEWIRE_WEBHOOK_JSON_PATH_H
#define SIDEWIRE_WEBHOOK_JSON_PATH_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

struct json_path {
	const struct json_path *parent; /* NULL: directly below the root */
	const char *member;             /* NULL for an element of a list */
	size_t index;                   /* of the element, from 0; unused for a member */
};

/* Appends the RFC 6901 pointer, "/spec/containers/0/env"; nothing for NULL, which is the root. */
void json_path_pointer(const struct json_path *path, struct strbuf *out)
	__attribute__((nonnull(2)));

/* Appends the form for people, "spec.containers[0].env"; nothing for NULL, which is the root. */
void json_path_dotted(const struct json_path *path, struct strbuf *out) __attribute__((nonnull(2)));

/* Puts the path, in the form for people, before the message of a failure. Returns err->code. */
int json_path_wrap(const struct json_path *path, struct err *err) __attribute__((nonnull(2)));

#endif
