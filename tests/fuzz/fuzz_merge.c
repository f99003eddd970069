/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * {"pod": {...}, "overlay": {...}, "undo": {...}}: any overlay that a profile may have put on any
 * pod; the patch and the way back between the two; and a way back that somebody forged.
 */
#include <errno.h>

#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "tests/fuzz/json_patch.h"
#include "webhook/core/json_diff.h"
#include "webhook/core/merge_patch.h"
#include "webhook/core/overlay_apply.h"
#include "webhook/core/overlay_check.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/undo_tree.h"
#include "webhook/core/uninject.h"

/* The patch leads there, and the tree back. */
static void check_ways(json_t *before, json_t *after)
{
	json_auto_t *patch = NULL;
	json_auto_t *tree = NULL;
	json_auto_t *left = json_array();
	json_auto_t *back = NULL;
	struct err err = {0};

	assert(json_diff(before, after, &patch, &err) == 0);
	json_auto_t *patched = fuzz_patched(before, patch);
	assert(patched != NULL && json_equal(patched, after));
	if (!json_is_object(before) || !json_is_object(after))
		return;
	assert(undo_tree_make(before, after, &tree, &err) == 0);
	assert(undo_tree_apply(after, tree, left, &back, &err) == 0);
	assert(json_equal(before, back) && json_array_size(left) == 0);
}

static void check_overlay(json_t *pod, json_t *overlay)
{
	json_auto_t *merged = NULL;
	struct err err = {0};

	if (pod_shape_check(pod, &err) < 0 || pod_shape_check(overlay, &err) < 0 ||
	    merge_patch_check(overlay, MERGE_RULES_POD, &err) < 0 ||
	    overlay_check(overlay, &err) < 0 ||
	    overlay_apply(pod, &overlay, 1, &merged, &err) < 0) {
		fuzz_check_failure(&err);
		return;
	}
	check_ways(pod, merged);
	/* Ports in TCP and UDP share a key. If such two hold a member of two types, which no API
	 * object can, a second pass refuses to merge them. */
	json_auto_t *again = NULL;
	if (overlay_apply(merged, &overlay, 1, &again, &err) < 0) {
		fuzz_check_failure(&err);
		assert(strstr(err.msg, "must be of type") != NULL);
		return;
	}
	assert(json_equal(merged, again));
}

/* What uninject() reads out of an annotation that anybody can write. */
static void check_forged(json_t *pod, json_t *undo)
{
	json_auto_t *status = json_pack("{s:i, s:O}", "version", 1, "undo", undo);
	CLEANUP(freep) char *text = json_dumps(status, JSON_COMPACT);
	json_auto_t *forged = json_deep_copy(pod);
	json_t *annotations = pod_annotations(forged);
	json_auto_t *left = json_array();
	json_auto_t *result = NULL;
	struct err err = {0};

	if (text == NULL || !json_is_object(annotations))
		return;
	json_object_set_new(annotations, "sidewire.io/status", json_string(text));
	json_auto_t *untouched = json_deep_copy(forged);
	int r = uninject(forged, left, &result, &err);
	assert(json_equal(forged, untouched));
	if (r < 0) {
		assert(r == -EINVAL && result == NULL);
		fuzz_check_failure(&err);
		assert(strstr(err.msg, "sidewire.io/status") != NULL);
	} else {
		check_ways(forged, result);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *input =
		json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_t *pod = json_object_get(input, "pod");
	json_t *overlay = json_object_get(input, "overlay");
	json_t *undo = json_object_get(input, "undo");

	if (pod == NULL)
		return 0;
	if (overlay != NULL) {
		check_ways(pod, overlay);
		check_overlay(pod, overlay);
	}
	if (undo != NULL)
		check_forged(pod, undo);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_json(data, size, max_size, seed, FUZZ_POD_WORDS);
}
