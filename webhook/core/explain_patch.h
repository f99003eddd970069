/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A patch of a pod in lines for people. */
#ifndef SIDEWIRE_WEBHOOK_EXPLAIN_PATCH_H
#define SIDEWIRE_WEBHOOK_EXPLAIN_PATCH_H

#include <jansson.h>

#include "common/base/strbuf.h"

/*
 * Appends a line for each thing that the patch (RFC 6902) adds, replaces or removes: containers and
 * volumes by name, labels and annotations by key, each with what tells it best in a few words. No
 * value breaks a line, or says anything to a terminal. A failure is in `out`.
 */
void explain_patch(const json_t *patch, struct strbuf *out) __attribute__((nonnull));

#endif
