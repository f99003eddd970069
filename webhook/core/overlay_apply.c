/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/overlay_apply.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/annotation.h"
#include "webhook/core/container_filling.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/merge_patch.h"
#include "webhook/core/network_list.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/strategic_merge.h"
#include "webhook/core/volume_source.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

/* What one list of containers of an overlay becomes for a pod. */
struct list_split {
	const json_t *pod;
	const char *name;  /* of the list, "containers" */
	json_t *additions; /* array: whole containers, and what those that the pod has lack */
	json_t *images;    /* array: images that the pod leaves to the overlay */
	struct err *err;
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static const char *name_of(const json_t *element)
{
	return json_string_value(json_object_get(element, "name"));
}

/*
 * `image: auto` in the pod: the overlay's image overwrites it. So is its pull
 * policy: the API server has made one for "auto", which has no tag, and that is Always. Where the
 * overlay has none the API server makes another for the image that there is now.
 */
static int take_image(struct list_split *split, const json_t *container, const json_t *existing)
{
	const char *image = json_string_value(json_object_get(existing, "image"));
	json_t *profiles = json_object_get(container, "image");

	if (image == NULL || strcmp(image, OVERLAY_IMAGE_AUTO) != 0)
		return 0;
	if (profiles == NULL)
		return err_set(split->err, EINVAL,
			       "container '%.*s' has image: auto, but the profile names no image",
			       SHOWN_MAX, name_of(container));
	json_t *policy = json_object_get(container, "imagePullPolicy");
	json_t *patch =
		json_pack("{s:O, s:O, s:O}", "name", json_object_get(container, "name"), "image",
			  profiles, "imagePullPolicy", policy != NULL ? policy : json_null());
	/* _new takes the patch. */
	if (json_array_append_new(split->images, patch) < 0)
		return out_of_memory(split->err);
	return 0;
}

/* A container that the pod has, too: what it lacks is filled in. */
static int split_existing(struct list_split *split, json_t *container, const json_t *existing)
{
	json_auto_t *filling = NULL;
	int r = take_image(split, container, existing);

	if (r == 0)
		r = container_filling(existing, existing, container, &filling, split->err);
	if (r == 0 && json_array_append(split->additions, filling) < 0)
		r = out_of_memory(split->err);
	return r;
}

static int split_container(struct list_split *split, json_t *container)
{
	const char *name = name_of(container);
	const json_t *existing = pod_named(pod_list(split->pod, split->name), name, NULL);

	if (existing != NULL)
		return split_existing(split, container, existing);
	if (pod_container(split->pod, name) != NULL)
		return err_set(split->err, EINVAL,
			       "container '%.*s' is in the profile's %s, but not in the pod's: "
			       "there is one of that name in its other list",
			       SHOWN_MAX, name, split->name);
	return json_array_append(split->additions, container) < 0 ? out_of_memory(split->err) : 0;
}

static int set_unless_empty(json_t *spec, const char *name, json_t *list, struct err *err)
{
	if (json_array_size(list) > 0 && json_object_set(spec, name, list) < 0)
		return out_of_memory(err);
	return 0;
}

/* Splits one list of containers into those of the two specs. */
static int split_list(const json_t *pod, const json_t *overlay, const char *name, json_t *additions,
		      json_t *images, struct err *err)
{
	json_auto_t *adding = json_array();
	json_auto_t *taking = json_array();
	struct list_split split = {pod, name, adding, taking, err};
	json_t *container;
	size_t index;

	json_array_foreach(pod_list(overlay, name), index, container) {
		if (split_container(&split, container) < 0)
			return err->code;
	}
	int r = set_unless_empty(additions, name, adding, err);
	return r == 0 ? set_unless_empty(images, name, taking, err) : r;
}

/* Puts labels, annotations and containers on the pod, as far as it has none of its own. */
static int put_defaults(json_t *pod, json_t *overlay, json_t **ret_pod, struct err *err)
{
	json_t *metadata = json_object_get(overlay, "metadata");
	json_auto_t *additions = json_object();
	json_auto_t *images = json_object();
	json_auto_t *defaults = json_pack("{s:O, s:O*}", "spec", additions, "metadata", metadata);
	json_auto_t *patch = json_pack("{s:O}", "spec", images);
	json_auto_t *filled = NULL;
	int r = 0;

	if (defaults == NULL || patch == NULL)
		return out_of_memory(err);
	for (size_t i = 0; r == 0 && i < POD_CONTAINER_LIST_COUNT; i++)
		r = split_list(pod, overlay, POD_CONTAINER_LISTS[i], additions, images, err);
	if (r == 0)
		r = strategic_merge(pod, defaults, MERGE_RULES_POD, MERGE_ORIGINAL_WINS, &filled,
				    err);
	if (r != 0)
		return r;
	return strategic_merge(filled, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_pod, err);
}

/* Adds to the networks that the pod asks for. */
static int put_networks(json_t *pod, const json_t *overlay, json_t **ret_pod, struct err *err)
{
	const char *own = annotation_get(pod_annotations(pod), NETWORK_LIST_ANNOTATION);
	const char *profiles = annotation_get(pod_annotations(overlay), NETWORK_LIST_ANNOTATION);
	CLEANUP(freep) char *joined = NULL;

	if (profiles != NULL &&
	    network_list_join(own != NULL ? own : "", profiles, &joined, err) < 0)
		return err->code;
	if (joined == NULL) {
		*ret_pod = json_incref(pod);
		return 0;
	}
	json_auto_t *patch = json_pack("{s:{s:{s:s}}}", "metadata", "annotations",
				       NETWORK_LIST_ANNOTATION, joined);
	return patch == NULL ? out_of_memory(err)
			     : strategic_merge(pod, patch, MERGE_RULES_POD, MERGE_PATCH_WINS,
					       ret_pod, err);
}

/* Puts the volumes on the pod that it does not have. */
static int put_volumes(json_t *pod, const json_t *overlay, json_t **ret_pod, struct err *err)
{
	json_auto_t *additions = json_array();
	json_auto_t *patch = json_pack("{s:{s:O}}", "spec", "volumes", additions);
	json_t *volume;
	size_t index;

	json_array_foreach(pod_list(overlay, "volumes"), index, volume) {
		json_t *existing = pod_named(pod_list(pod, "volumes"), name_of(volume), NULL);

		if (merge_directive_of(volume) != MERGE_DIRECTIVE_NONE)
			continue;
		if (existing != NULL && volume_source_check(existing, volume, err) < 0)
			return err->code;
		if (existing == NULL && json_array_append(additions, volume) < 0)
			return out_of_memory(err);
	}
	if (patch == NULL)
		return out_of_memory(err);
	if (json_array_size(additions) > 0)
		return strategic_merge(pod, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_pod, err);
	*ret_pod = json_incref(pod);
	return 0;
}

/* Leaves of a list of the overlay's spec only the directives: they say what shall happen to the
 * pod's. What the list has beside them is put there later. */
static int keep_directives(const char *name, json_t *spec, json_t **rest, struct err *err)
{
	json_t *elements = json_object_get(spec, name);
	json_auto_t *left = json_incref(elements);

	for (size_t i = json_array_size(elements); i-- > 0;) {
		if (merge_directive_of(json_array_get(elements, i)) == MERGE_DIRECTIVE_NONE &&
		    json_edit_remove_element(&left, elements, i, err) < 0)
			return err->code;
	}
	if (left == elements)
		return 0;
	if (json_array_size(left) == 0)
		return json_edit_remove(rest, spec, name, err);
	/* takes the reference */
	return json_edit_set(rest, spec, name, json_incref(left), err);
}

/* Merges what is not put: strategic merge, the overlay winning. */
static int merge_rest(json_t *pod, json_t *overlay, json_t **ret_pod, struct err *err)
{
	json_t *spec = json_object_get(overlay, "spec");
	json_auto_t *rest = json_incref(overlay);
	json_auto_t *rest_spec = json_incref(spec);
	int r = keep_directives("volumes", spec, &rest_spec, err);

	for (size_t i = 0; r == 0 && i < POD_CONTAINER_LIST_COUNT; i++)
		r = keep_directives(POD_CONTAINER_LISTS[i], spec, &rest_spec, err);
	if (r == 0)
		r = json_edit_remove(&rest, overlay, "metadata", err);
	/* takes the reference */
	if (r == 0 && rest_spec != spec)
		r = json_edit_set(&rest, overlay, "spec", json_incref(rest_spec), err);
	return r == 0 ? strategic_merge(pod, rest, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_pod, err)
		      : r;
}

/* Merges what put_defaults() puts into that of the overlays before. */
static int compose(json_t *composed, const json_t *overlay, json_t **ret_composed, struct err *err)
{
	json_t *spec = json_object_get(overlay, "spec");
	json_auto_t *lists = json_object();
	json_auto_t *patch = json_pack("{s:O, s:O*}", "spec", lists, "metadata",
				       json_object_get(overlay, "metadata"));

	if (patch == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		const char *name = POD_CONTAINER_LISTS[i];

		if (set_unless_empty(lists, name, json_object_get(spec, name), err) < 0)
			return err->code;
	}
	return strategic_merge(composed, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_composed,
			       err);
}

/* Puts the value in the place of the one before. */
static void advance(json_t **value, json_t *next)
{
	json_decref(*value);
	*value = next;
}

int overlay_apply(json_t *pod, json_t *const *overlays, size_t count, json_t **ret_pod,
		  struct err *err)
{
	json_auto_t *merged = json_incref(pod);
	json_auto_t *composed = json_object();
	json_t *next = NULL;

	if (composed == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (merge_rest(merged, overlays[i], &next, err) < 0)
			return err->code;
		advance(&merged, next);
		if (put_networks(merged, overlays[i], &next, err) < 0)
			return err->code;
		advance(&merged, next);
		if (compose(composed, overlays[i], &next, err) < 0)
			return err->code;
		advance(&composed, next);
	}
	/* Each overlay was checked alone; together they may put a container into both lists. */
	if (count > 1 && pod_shape_check(composed, err) < 0)
		return err->code;
	if (put_defaults(merged, composed, &next, err) < 0)
		return err->code;
	advance(&merged, next);
	for (size_t i = 0; i < count; i++) {
		if (put_volumes(merged, overlays[i], &next, err) < 0)
			return err->code;
		advance(&merged, next);
	}
	*ret_pod = TAKE(merged);
	return 0;
}
