/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kubernetes' strategic merge on raw JSON. Values are shared, never copied and never changed: what
 * is the same in the result is the same json_t, so that json_diff can skip it by its address. A
 * patch that changes nothing gives the original itself.
 *
 * As kubectl patch does it (apimachinery, pkg/util/strategicpatch), with these differences:
 * - elements of the original keep their order, also those that a directive replaces, and new ones
 *   go to the end (Kubernetes sorts by the patch, and puts new ones first: in a pod the order of
 *   containers means something);
 * - where a list has elements of the same key, the patch's first is merged into the original's
 *   first, its second into the second (Kubernetes merges all of them into the first, so that the
 *   same patch applied twice gives something else);
 * - nulls and directives are left out of everything that is added (Kubernetes keeps them in new
 *   elements, and an object with `$patch: replace` that the original lacks is not added at all);
 * - what Kubernetes replaces although one is an object or a list and the other is not, and what it
 *   drops or ignores although it says something, is an error.
 *
 * Without `$retainKeys` the members of unions (volumes, resourceClaims) merge as all others do, in
 * Kubernetes as here: a volume may end with two sources.
 */
#ifndef SIDEWIRE_WEBHOOK_STRATEGIC_MERGE_H
#define SIDEWIRE_WEBHOOK_STRATEGIC_MERGE_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/merge_keys.h"

enum merge_winner {
	MERGE_PATCH_WINS,    /* strategic merge: the patch overwrites, its null deletes the member,
				`$patch: delete` and `$patch: replace` in objects and list elements
				and `$retainKeys` in objects do what they say */
	MERGE_ORIGINAL_WINS, /* the patch is a default: it fills in what the original lacks or has
				as null; what would take away or overwrite has no effect */
};

/*
 * Merges `patch` into `original`, both objects, neither of them changed. `rules` are those of the
 * original: MERGE_RULES_POD, MERGE_RULES_CONTAINER, or NULL for an object without any. The caller
 * owns *ret_merged. -EINVAL, naming the path in the patch, where one is an object or list and the
 * other is not; the errors of merge_patch_check(); -ENOMEM.
 */
int strategic_merge(json_t *original, json_t *patch, const struct merge_rule *rules,
		    enum merge_winner winner, json_t **ret_merged, struct err *err)
	__attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

#endif
