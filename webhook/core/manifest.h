/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One document of a manifest: the objects in it, the pods that these make, and its text with other
 * pods in their places. Nothing else of the text changes: not a comment, not a blank.
 */
#ifndef SIDEWIRE_WEBHOOK_MANIFEST_H
#define SIDEWIRE_WEBHOOK_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "webhook/core/workload.h"
#include "webhook/core/yaml_tree.h"

/* All texts are borrowed from the document. */
struct manifest_object {
	const char *kind;           /* "" when it has none: then it is no object of Kubernetes */
	const char *api_version;    /* "" when it has none */
	const char *name;           /* or its generateName; "" when it has neither */
	const char *namespace_name; /* NULL when it names none */
	const struct workload *workload; /* NULL: no kind that makes pods */
	const struct yaml_node *node;
	const struct yaml_node *pod; /* what has metadata and spec of its pods; NULL when absent */
	size_t item;                 /* its place in the list; SIZE_MAX: it is the document */
	bool is_list;                /* a list in a list, whose items are no objects here */
};

struct manifest {
	struct yaml_tree tree;
	struct manifest_object *objects; /* the one, or those of a list; owned */
	size_t count;                    /* 0 for an empty document */
	json_t *value;         /* the document, once a pod was asked for; owned, NULL before */
	bool is_changed;       /* a pod has been replaced */
	bool is_to_write_anew; /* a change has no place in the text */
};

/*
 * Reads a document. `text` must live as long, with a NUL behind it; `first_line` is the number of
 * its first line. The caller releases it. The errors of yaml_tree_read().
 */
int manifest_read(const char *text, size_t length, unsigned int first_line,
		  struct manifest *ret_manifest, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The pod of an object that has a workload: JSON null where it has none. Borrowed. The errors of
 * yaml_json(), in the dialect of kubectl, for whatever is wrong in the document; -ENOMEM.
 */
int manifest_pod(struct manifest *manifest, const struct manifest_object *object, json_t **ret_pod,
		 struct err *err) __attribute__((nonnull, warn_unused_result));

/* Puts `pod` in place of what manifest_pod() gave; `patch` (RFC 6902) is what leads from that to
 * it. -ENOMEM. */
int manifest_replace_pod(struct manifest *manifest, const struct manifest_object *object,
			 json_t *pod, const json_t *patch, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Appends the document with the pods that were replaced. *ret_is_anew tells that it had to be
 * written anew, its comments lost, since it is written in a way that changes do not fit into. What
 * is appended has been read back, and means what it should. -ENOTSUP where even the whole cannot
 * be written; -ENOMEM.
 */
int manifest_write(const struct manifest *manifest, struct strbuf *out, bool *ret_is_anew,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees it. For CLEANUP(). */
void manifest_release(struct manifest *manifest) __attribute__((nonnull));

#endif
