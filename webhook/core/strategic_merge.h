/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kubernetes' strategic merge on raw JSON. Values are shared, never copied and never changed: what
 * is the same in the result is the same json_t, so that json_diff can skip it by its address. A
 * patch that changes nothing gives the original itself.
 *
 * The result means what that of apimachinery's pkg/util/strategicpatch does (tests/merge asks it).
 * That is also so where it surprises:
 * - Elements of a patch with one key all merge into the same element; but a list that the original
 *   lacks is added as it stands, with all of them. Ports have the number alone as their key.
 * - An object with `$patch: replace` that the original lacks is not added, nor is an element of a
 *   list that it lacks. One with `$patch: delete` that it has becomes empty, and stays.
 * - Without `$retainKeys` the members of unions (volumes, resourceClaims) merge as all others do: a
 *   volume may end with two sources.
 *
 * What Kubernetes leaves to chance, or to whoever made the patch:
 * - Lists that merge have no order there. Here elements of the original keep theirs, and added ones
 *   go to the end; of a list under `$patch: replace` the order is the patch's.
 * - Nulls, which Kubernetes leaves in added elements, are left out.
 * - Members that Kubernetes has no type for: it refuses objects and lists, here they merge as those
 *   do that have no tags. Elements of the original without a key: it refuses the list that they are
 *   in, here they stay.
 *
 * Refused is, besides what Kubernetes refuses (merge_patch_check() and below say what exactly):
 * - what it leaves in the pod, where it is no member of anything: directives that it does not know,
 *   or does not look for in this place;
 * - what it passes over in silence: members beside `$patch: replace` in an element, an element
 *   without its key in a list that the original lacks;
 * - an object or list in place of something else, which makes a pod that it cannot read.
 */
#ifndef SIDEWIRE_WEBHOOK_STRATEGIC_MERGE_H
#define SIDEWIRE_WEBHOOK_STRATEGIC_MERGE_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/merge_keys.h"

enum merge_winner {
	MERGE_PATCH_WINS,    /* strategic merge: the patch overwrites, its null deletes the member,
				`$patch: delete` and `$patch: replace` in objects and list elements
				and `$retainKeys` in objects are followed */
	MERGE_ORIGINAL_WINS, /* the patch is a default: it fills in what the original lacks or has
				as null; what would take away or overwrite has no effect */
};

/*
 * Merges `patch` into `original`, both objects, neither of them changed. `rules` are those of the
 * original: MERGE_RULES_POD, MERGE_RULES_CONTAINER, or NULL for an object without any. The caller
 * owns *ret_merged. -EINVAL, naming the path in the patch, where one is an object or list and the
 * other is not, and for `$patch` inside of an element that the original's list does not have; the
 * errors of merge_patch_check(); -ENOMEM.
 */
int strategic_merge(json_t *original, json_t *patch, const struct merge_rule *rules,
		    enum merge_winner winner, json_t **ret_merged, struct err *err)
	__attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

#endif
