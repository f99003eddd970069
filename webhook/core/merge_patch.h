/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a strategic merge patch says by itself, before there is anything to merge it into. */
#ifndef SIDEWIRE_WEBHOOK_MERGE_PATCH_H
#define SIDEWIRE_WEBHOOK_MERGE_PATCH_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "webhook/core/merge_keys.h"

enum { MERGE_PATCH_DEPTH_MAX = 128 }; /* of nested values; a pod has about 15 */

/* Values of the member "$patch". */
enum merge_directive {
	MERGE_DIRECTIVE_NONE,
	MERGE_DIRECTIVE_DELETE,  /* this object or element is not to be */
	MERGE_DIRECTIVE_REPLACE, /* this object is to be just so; as an element of a list, which
				    then holds nothing else: the list is to be the other elements */
};

#define MERGE_RETAIN_KEYS "$retainKeys" /* member: a list of all members that are to remain */

/* Whether the value of a $retainKeys names the member. */
bool merge_patch_retains(json_t *retained, const char *member) __attribute__((nonnull));

/*
 * Checks a patch for an object under `rules` (NULL: none). -EINVAL, naming the path, for an element
 * without its merge key or of the wrong type, `$patch: delete` of an element that has no key to be
 * found by, other members beside an element's `$patch: replace`, a malformed $retainKeys; -ENOTSUP,
 * naming it, for any other directive or member that begins with '$'; -E2BIG for more than
 * MERGE_PATCH_DEPTH_MAX levels.
 */
int merge_patch_check(json_t *patch, const struct merge_rule *rules, struct err *err)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* The directive of a value of a checked patch. */
enum merge_directive merge_directive_of(const json_t *value) __attribute__((nonnull));

/*
 * What is added where the original has nothing: the value of a checked patch without nulls, without
 * what is to be deleted, and without directives. The caller owns *ret_content, which shares with
 * `value` what is the same. -ENOMEM.
 */
int merge_patch_content(json_t *value, json_t **ret_content, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));

#endif
