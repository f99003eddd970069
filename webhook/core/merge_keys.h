/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the lists of a pod merge: by which member their elements are the same. One table, a tree that
 * is walked along with the pod, so that a look-up needs no path. Source: the patchStrategy and
 * patchMergeKey tags of k8s.io/api core/v1 (PodSpec and below) and apimachinery meta/v1
 * (ObjectMeta), as of Kubernetes 1.37.
 */
#ifndef SIDEWIRE_WEBHOOK_MERGE_KEYS_H
#define SIDEWIRE_WEBHOOK_MERGE_KEYS_H

#include <jansson.h>

enum merge_kind {
	MERGE_ATOMIC, /* a list is one value: replaced as a whole; an object merges by member */
	MERGE_KEYED,  /* a list of objects, the same when their key member is */
	MERGE_SET,    /* a list of strings, the same when they are equal */
};

/* What holds for the member of an object. Tables of them end with a rule whose member is NULL. */
struct merge_rule {
	const char *member;
	enum merge_kind kind;
	const char *key;                /* of MERGE_KEYED; else NULL */
	const struct merge_rule *below; /* for the members of the object, or of the list's
					   elements; NULL: nothing below has a rule */
};

extern const struct merge_rule MERGE_RULES_POD[];       /* the members of a Pod */
extern const struct merge_rule MERGE_RULES_CONTAINER[]; /* the members of a container of any kind */

/*
 * The rule for a member, or the one for "nothing special" (MERGE_ATOMIC, nothing below), as in
 * Kubernetes for lists without tags. `rules` may be NULL, as `below` is.
 */
const struct merge_rule *merge_rule_of(const struct merge_rule *rules, const char *member)
	__attribute__((nonnull(2), returns_nonnull));

/*
 * What makes an element of a list under `rule` the one that it is: its key member, or for
 * MERGE_SET itself. NULL, borrowed otherwise, when it has no such, or the list is atomic.
 */
json_t *merge_identity_of(const struct merge_rule *rule, json_t *element)
	__attribute__((nonnull(1)));

#endif
