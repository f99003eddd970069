/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few letters for a value, by which to know later whether somebody has changed it. */
#ifndef SIDEWIRE_WEBHOOK_UNDO_DIGEST_H
#define SIDEWIRE_WEBHOOK_UNDO_DIGEST_H

#include <jansson.h>

/* Of what is not there. */
#define UNDO_DIGEST_ABSENT "absent"

enum { UNDO_DIGEST_SIZE = 9 }; /* eight hexadecimal digits, and the NUL */

/*
 * The digest of the member `name` of an object; of an element where `name` is NULL. `value` is NULL
 * where it is not there. The order of an object's members makes no difference, nor does what the
 * API server fills in by itself (k8s.io/kubernetes pkg/apis/core/v1/defaults.go): a member that has
 * its default is as good as absent. So is an empty text, or false, which it does not store in most
 * places (k8s.io/api core/v1, omitempty). For comparison with values that were not made to deceive.
 */
void undo_digest(const char *name, json_t *value, char ret_text[static UNDO_DIGEST_SIZE])
	__attribute__((nonnull(3)));

#endif
