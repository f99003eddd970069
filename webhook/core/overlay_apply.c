/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/overlay_apply.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/merge_patch.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/strategic_merge.h"
#include "webhook/core/volume_source.h"

#define IMAGE_AUTO "auto"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

/* An overlay in two parts, for one pod. */
struct overlay_parts {
	json_t *defaults;  /* labels, annotations, containers that the pod has; owned */
	json_t *additions; /* everything else; owned */
};

/* The split of one list of the spec. */
struct list_split {
	const json_t *pod;
	const char *name; /* of the list, "containers" */
	json_t *defaults; /* array */
	json_t *additions;
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

/* Leaves members out that the pod's object has in any form. */
static int leave_out(json_t **filling, json_t *overlay, const json_t *existing,
		     const char *const *members, struct err *err)
{
	for (; *members != NULL; members++) {
		const json_t *own = json_object_get(existing, *members);

		if (own != NULL && !json_is_null(own) &&
		    json_edit_remove(filling, overlay, *members, err) < 0)
			return err->code;
	}
	return 0;
}

/* Leaves lifecycle handlers out that the pod's container has. */
static int leave_out_handlers(json_t **filling, json_t *container, const json_t *existing,
			      struct err *err)
{
	static const char *const HANDLERS[] = {"postStart", "preStop", NULL};
	json_t *lifecycle = json_object_get(container, "lifecycle");
	json_auto_t *rest = json_incref(lifecycle);

	if (lifecycle == NULL)
		return 0;
	int r = leave_out(&rest, lifecycle, json_object_get(existing, "lifecycle"), HANDLERS, err);
	/* takes the reference */
	return r == 0 ? json_edit_set(filling, container, "lifecycle", json_incref(rest), err) : r;
}

/* Leaves environment variables out that the pod's container has. */
static int leave_out_variables(json_t **filling, json_t *container, const json_t *existing,
			       struct err *err)
{
	const json_t *own = json_object_get(existing, "env");
	json_t *variables = json_object_get(container, "env");
	json_auto_t *rest = json_incref(variables);
	int r = 0;

	for (size_t i = json_array_size(variables); r == 0 && i-- > 0;) {
		const char *name = name_of(json_array_get(variables, i));

		if (name != NULL && pod_named(own, name, NULL) != NULL)
			r = json_edit_remove_element(&rest, variables, i, err);
	}
	if (r == 0 && rest != variables)
		r = json_edit_set(filling, container, "env", json_incref(rest), err);
	return r;
}

/*
 * `image: auto` in the pod: the overlay's image is added, which overwrites it. So is its pull
 * policy: the API server has made one for "auto", which has no tag, and that is Always. Where the
 * overlay has none the API server makes another for the image that there is now.
 */
static int take_image(struct list_split *split, const json_t *container, const json_t *existing)
{
	const char *image = json_string_value(json_object_get(existing, "image"));
	json_t *profiles = json_object_get(container, "image");

	if (image == NULL || strcmp(image, IMAGE_AUTO) != 0)
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
	if (json_array_append_new(split->additions, patch) < 0)
		return out_of_memory(split->err);
	return 0;
}

/* A container that the pod has, too: what it lacks is filled in. */
static int split_existing(struct list_split *split, json_t *container, const json_t *existing)
{
	static const char *const PROBES[] = {"livenessProbe", "readinessProbe", "startupProbe",
					     NULL};
	json_auto_t *filling = json_incref(container);
	int r = take_image(split, container, existing);

	if (r == 0)
		r = leave_out(&filling, container, existing, PROBES, split->err);
	if (r == 0)
		r = leave_out_handlers(&filling, container, existing, split->err);
	if (r == 0)
		r = leave_out_variables(&filling, container, existing, split->err);
	if (r == 0 && json_array_append(split->defaults, filling) < 0)
		r = out_of_memory(split->err);
	return r;
}

static int add(struct list_split *split, json_t *element)
{
	return json_array_append(split->additions, element) < 0 ? out_of_memory(split->err) : 0;
}

static int split_container(struct list_split *split, json_t *container)
{
	const char *name = name_of(container);
	const json_t *existing = pod_named(pod_list(split->pod, split->name), name, NULL);

	if (existing != NULL)
		return split_existing(split, container, existing);
	if (pod_container(split->pod, name) == NULL)
		return add(split, container);
	return err_set(split->err, EINVAL,
		       "container '%.*s' is in the profile's %s, but not in the pod's: there is "
		       "one of that name in its other list",
		       SHOWN_MAX, name, split->name);
}

static int split_volume(struct list_split *split, json_t *volume)
{
	json_t *existing = pod_named(pod_list(split->pod, "volumes"), name_of(volume), NULL);

	if (existing == NULL)
		return add(split, volume);
	return volume_source_check(existing, volume, split->err);
}

static int split_elements(struct list_split *split, const json_t *elements)
{
	bool is_volumes = strcmp(split->name, "volumes") == 0;
	json_t *element;
	size_t index;
	int r;

	json_array_foreach(elements, index, element) {
		/* A directive is not a default: it says what shall happen to the pod's. */
		if (merge_directive_of(element) != MERGE_DIRECTIVE_NONE)
			r = add(split, element);
		else
			r = is_volumes ? split_volume(split, element)
				       : split_container(split, element);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Splits one list of the overlay's spec into those of the two specs. */
static int split_list(const json_t *pod, json_t *overlay_spec, const char *name, json_t *defaults,
		      json_t **additions, struct err *err)
{
	json_auto_t *filling = json_array();
	json_auto_t *adding = json_array();
	json_t *elements = json_object_get(overlay_spec, name);
	struct list_split split = {pod, name, filling, adding, err};

	if (!json_is_array(elements))
		return 0;
	int r = split_elements(&split, elements);
	if (r < 0)
		return r;
	if (json_equal(adding, elements))
		return 0;
	/* takes the reference */
	r = json_edit_set(additions, overlay_spec, name, json_incref(adding), err);
	if (r == 0 && json_object_set(defaults, name, filling) < 0)
		r = out_of_memory(err);
	return r;
}

static int split_spec(const json_t *pod, json_t *spec, json_t *defaults, json_t **additions,
		      struct err *err)
{
	int r = split_list(pod, spec, "volumes", defaults, additions, err);

	for (size_t i = 0; r == 0 && i < POD_CONTAINER_LIST_COUNT; i++)
		r = split_list(pod, spec, POD_CONTAINER_LISTS[i], defaults, additions, err);
	return r;
}

static void overlay_parts_release(struct overlay_parts *parts)
{
	json_decref(parts->defaults);
	json_decref(parts->additions);
	*parts = (struct overlay_parts){0};
}

static int overlay_split(const json_t *pod, json_t *overlay, struct overlay_parts *ret_parts,
			 struct err *err)
{
	CLEANUP(overlay_parts_release)
	struct overlay_parts parts = {json_object(), json_incref(overlay)};
	json_t *metadata = json_object_get(overlay, "metadata");
	json_t *spec = json_object_get(overlay, "spec");
	json_auto_t *defaults = json_object();
	json_auto_t *additions = json_incref(spec);
	int r = split_spec(pod, spec, defaults, &additions, err);

	if (r == 0)
		r = json_edit_remove(&parts.additions, overlay, "metadata", err);
	/* takes the reference */
	if (r == 0 && additions != spec)
		r = json_edit_set(&parts.additions, overlay, "spec", json_incref(additions), err);
	if (r != 0)
		return r;
	if ((metadata != NULL && json_object_set(parts.defaults, "metadata", metadata) < 0) ||
	    json_object_set(parts.defaults, "spec", defaults) < 0)
		return out_of_memory(err);
	*ret_parts = parts;
	parts = (struct overlay_parts){0};
	return 0;
}

int overlay_apply(json_t *pod, json_t *overlay, json_t **ret_pod, struct err *err)
{
	CLEANUP(overlay_parts_release) struct overlay_parts parts = {0};
	json_auto_t *filled = NULL;
	int r = overlay_split(pod, overlay, &parts, err);

	if (r == 0)
		r = strategic_merge(pod, parts.defaults, MERGE_RULES_POD, MERGE_ORIGINAL_WINS,
				    &filled, err);
	if (r != 0)
		return r;
	return strategic_merge(filled, parts.additions, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_pod,
			       err);
}
