/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/uninject.h"

#include <errno.h>
#include <string.h>

#include "common/base/json_read.h"
#include "common/vocabulary.h"
#include "webhook/core/inject_status.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/undo_tree.h"

#define SUBJECT "annotation '" ANNOTATION_STATUS "'"

/* Reads the tree out of the annotation's text; *ret_status, which the caller owns, holds it. */
static int read_status(const char *text, json_t **ret_status, json_t **ret_tree, struct err *err)
{
	json_auto_t *status = NULL;
	json_t *tree = NULL;
	json_int_t version = 0;
	int r = json_read_text(text, strlen(text), &status, err);

	if (r == 0)
		r = json_read_integer(status, "version", INJECT_STATUS_VERSION,
				      INJECT_STATUS_VERSION, &version, err);
	if (r == 0)
		r = json_read_object(status, "undo", &tree, err);
	if (r < 0)
		return r;
	if (version == 0 || tree == NULL)
		return err_set(err, EINVAL, "'%s' is missing", version == 0 ? "version" : "undo");
	*ret_status = json_incref(status);
	*ret_tree = tree;
	return 0;
}

int uninject_read(const json_t *pod, json_t **ret_status, json_t **ret_tree, struct err *err)
{
	const char *text = NULL;
	int r = json_read_string(pod_annotations(pod), ANNOTATION_STATUS, &text, err);

	if (r < 0)
		return r;
	if (text == NULL) {
		*ret_status = NULL;
		*ret_tree = NULL;
		return 0;
	}
	r = read_status(text, ret_status, ret_tree, err);
	return r < 0 ? err_wrap(err, SUBJECT) : 0;
}

int uninject(json_t *pod, json_t *left, json_t **ret_pod, struct err *err)
{
	json_auto_t *status = NULL;
	json_t *tree = NULL;

	if (uninject_read(pod, &status, &tree, err) < 0)
		return err->code;
	if (tree == NULL) {
		*ret_pod = json_incref(pod);
		return 0;
	}
	return undo_tree_apply(pod, tree, left, ret_pod, err) < 0 ? err_wrap(err, SUBJECT ": undo")
								  : 0;
}
