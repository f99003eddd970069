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
	MERGE_DIRECTIVE_DELETE,  /* the object is to be empty; the element is not to be */
	MERGE_DIRECTIVE_REPLACE, /* the object is to be just so; as an element, which then holds
				    nothing else: the list is to be the other elements */
};

#define MERGE_RETAIN_KEYS "$retainKeys" /* member: a list of all members that are to remain */

/* Whether the value of a $retainKeys names the member. */
bool merge_patch_retains(json_t *retained, const char *member) __attribute__((nonnull));

/*
 * Checks a patch for an object under `rules` (NULL: none). -EINVAL, naming the path, for an element
 * that does not suit its list: without its merge key, or of the wrong type; for `$patch` inside of
 * what is always taken as it stands, which is an atomic list, an object or a list that
 * `$patch: replace` puts in, an element that the same list deletes; for other members beside an
 * element's `$patch: replace`; for a malformed $retainKeys, and a member beside it that it does not
 * name. -ENOTSUP, naming it, for any other directive or member that begins with '$'. -E2BIG for
 * more than MERGE_PATCH_DEPTH_MAX levels.
 */
int merge_patch_check(json_t *patch, const struct merge_rule *rules, struct err *err)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* The directive of a value of a checked patch. */
enum merge_directive merge_directive_of(const json_t *value) __attribute__((nonnull));

/* Whether an element of the list has the directive. */
bool merge_patch_has(json_t *list, enum merge_directive directive) __attribute__((nonnull));

/* Whether one with the directive has the same identity as `element` (merge_identity_of()). */
bool merge_patch_names(json_t *list, const struct merge_rule *rule, json_t *element,
		       enum merge_directive directive) __attribute__((nonnull));

/* What the value of a patch becomes, where the original has none in its place. */
enum merge_addition {
	MERGE_ADD_MEMBER,  /* a member: what has `$patch` in it does not come along */
	MERGE_ADD_ELEMENT, /* an element of a list: must not have `$patch` inside */
};

/*
 * What is added where the original has nothing: the value of a checked patch without nulls and
 * without directives. The caller owns *ret_content, which shares with `value` what is the same.
 * -EINVAL for `$patch` in an element; -ENOMEM.
 */
int merge_patch_content(json_t *value, enum merge_addition addition, json_t **ret_content,
			struct err *err) __attribute__((nonnull(3, 4), warn_unused_result));

#endif
