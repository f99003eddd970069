/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_status.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_text.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/strategic_merge.h"
#include "webhook/core/undo_tree.h"
#include "webhook/core/uninject.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Name and hash of every profile; a new reference, NULL when memory ends. */
static json_t *profiles_of(const struct profile_choice *choice)
{
	json_auto_t *profiles = json_array();

	for (size_t i = 0; i < choice->count; i++) {
		/* _new takes the entry. */
		if (json_array_append_new(profiles,
					  json_pack("{s:s, s:s}", "name", choice->profiles[i]->name,
						    "hash", choice->profiles[i]->hash)) < 0)
			return NULL;
	}
	return json_incref(profiles);
}

/*
 * The tree of the pass before, where this one has nothing to add but annotations: so what somebody
 * has changed in between remains to be told. NULL where there is none; a status that leads nowhere
 * is the user's own text. `annotated` is the pod with the annotations of `patch`.
 */
static int keep_undo(const struct inject_status *status, json_t *patch, const json_t *annotated,
		     json_t **ret_tree, struct err *err)
{
	json_auto_t *document = NULL;
	json_auto_t *before = NULL;
	struct err foreign = {0};
	json_t *tree = NULL;
	int r = uninject_read(status->original, &document, &tree, &foreign);

	if (r == -ENOMEM)
		return out_of_memory(err);
	if (tree != NULL && strategic_merge(status->original, patch, MERGE_RULES_POD,
					    MERGE_PATCH_WINS, &before, err) < 0)
		return err->code;
	*ret_tree = before != NULL && json_equal(before, annotated) ? json_incref(tree) : NULL;
	return 0;
}

/*
 * The pod before the first pass. On another one that is what the status of the pass before leads
 * back to, so that both write the same; a status that leads nowhere is the user's own text.
 */
static int go_back(json_t *original, json_t **ret_pod, struct err *err)
{
	json_auto_t *left = json_array();
	struct err foreign = {0};

	if (left == NULL)
		return out_of_memory(err);
	int r = uninject(original, left, ret_pod, &foreign);
	if (r == -ENOMEM)
		*err = foreign;
	if (r == -EINVAL)
		*ret_pod = json_incref(original);
	return r == -EINVAL ? 0 : r;
}

/* The tree that leads from the pod with all annotations, whatever is in them, to the first pod. */
static int make_undo(json_t *pod, json_t *patch, const struct inject_status *status,
		     json_t **ret_tree, struct err *err)
{
	json_auto_t *first = NULL;
	json_auto_t *annotated = NULL;
	int r = strategic_merge(pod, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, &annotated, err);

	if (r == 0)
		r = keep_undo(status, patch, annotated, ret_tree, err);
	if (r < 0 || *ret_tree != NULL)
		return r;
	r = go_back(status->original, &first, err);
	return r == 0 ? undo_tree_make(first, annotated, ret_tree, err) : r;
}

/* The value of sidewire.io/status, a JSON string; NULL when memory ends. Takes the tree. */
static json_t *status_text(const struct inject_status *status, json_t *tree)
{
	json_auto_t *document = json_pack("{s:i, s:o, s:o}", "version", INJECT_STATUS_VERSION,
					  "profiles", profiles_of(status->choice), "undo", tree);
	/* Sorted: between two passes the API server may have sorted the pod's members. */
	CLEANUP(freep)
	char *text = document != NULL ? json_text(document, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	return text != NULL ? json_string(text) : NULL;
}

/* The value of sidewire.io/redirect, or a null that takes a forged one away. */
static int redirect_text(const struct inject_status *status, json_t **ret_text, struct err *err)
{
	CLEANUP(freep) char *text = NULL;

	if (status->choice->redirecting == NULL) {
		*ret_text = json_null();
		return 0;
	}
	int r = redirect_spec_encode(status->redirect, &text, err);
	if (r < 0)
		return r;
	*ret_text = json_string(text);
	return *ret_text != NULL ? 0 : out_of_memory(err);
}

/* The name of the first container that is the user's; NULL when there is none. */
static json_t *first_application(const json_t *pod, const struct profile_choice *choice)
{
	json_t *containers = pod_list(pod, "containers");
	json_t *container;
	size_t index;

	json_array_foreach(containers, index, container) {
		json_t *name = json_object_get(container, "name");

		if (!profile_choice_has(choice, "containers", json_string_value(name)))
			return name;
	}
	return NULL;
}

/* The annotations; the status is no text yet, so that no text of the user is like it. */
static int make_annotations(const json_t *pod, const struct inject_status *status,
			    json_t **ret_annotations, struct err *err)
{
	json_t *application = first_application(pod, status->choice);
	json_t *redirect = NULL;
	int r = redirect_text(status, &redirect, err);

	if (r < 0)
		return r;
	json_auto_t *annotations =
		json_pack("{s:b, s:o}", ANNOTATION_STATUS, 1, ANNOTATION_REDIRECT, redirect);
	if (annotations == NULL)
		return out_of_memory(err);
	if (application != NULL &&
	    annotation_get(pod_annotations(pod), ANNOTATION_DEFAULT_CONTAINER) == NULL &&
	    json_object_set(annotations, ANNOTATION_DEFAULT_CONTAINER, application) < 0)
		return out_of_memory(err);
	*ret_annotations = TAKE(annotations);
	return 0;
}

int inject_status_write(json_t *pod, const struct inject_status *status, json_t **ret_pod,
			struct err *err)
{
	json_auto_t *annotations = NULL;
	json_t *tree = NULL;

	if (make_annotations(pod, status, &annotations, err) < 0)
		return err->code;
	json_auto_t *patch = json_pack("{s:{s:O}}", "metadata", "annotations", annotations);
	if (patch == NULL)
		return out_of_memory(err);
	if (make_undo(pod, patch, status, &tree, err) < 0)
		return err->code;
	/* _new takes the text. */
	if (json_object_set_new(annotations, ANNOTATION_STATUS, status_text(status, tree)) < 0)
		return out_of_memory(err);
	return strategic_merge(pod, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_pod, err);
}
