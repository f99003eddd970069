/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/container_filling.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/pod_shape.h"

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

/* Leaves requests out where the user's container has a limit. */
static int leave_out_requests(json_t **filling, json_t *container, const json_t *own,
			      struct err *err)
{
	const json_t *limits = json_object_get(json_object_get(own, "resources"), "limits");
	json_t *resources = json_object_get(container, "resources");
	json_t *requests = json_object_get(resources, "requests");
	json_auto_t *rest = json_incref(requests);
	json_auto_t *edited = json_incref(resources);
	const char *name;
	json_t *request;

	json_object_foreach(requests, name, request) {
		const json_t *limit = json_object_get(limits, name);

		if (limit != NULL && !json_is_null(limit) &&
		    json_edit_remove(&rest, requests, name, err) < 0)
			return err->code;
	}
	if (rest == requests)
		return 0;
	/* Both take the reference. */
	int r = json_object_size(rest) > 0
			? json_edit_set(&edited, resources, "requests", json_incref(rest), err)
			: json_edit_remove(&edited, resources, "requests", err);
	return r == 0 ? json_edit_set(filling, container, "resources", json_incref(edited), err)
		      : r;
}

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static bool has_variable(const json_t *existing, const json_t *variable)
{
	const char *name = text_of(variable, "name");

	return name != NULL && pod_named(json_object_get(existing, "env"), name, NULL) != NULL;
}

/* Whether the container mounts another volume where this mount would be. */
static bool has_other_mount(const json_t *existing, const json_t *mount)
{
	const char *path = text_of(mount, "mountPath");
	const json_t *own = path != NULL ? pod_mount(existing, path) : NULL;

	return own != NULL &&
	       !json_equal(json_object_get(own, "name"), json_object_get(mount, "name"));
}

/* A list of a container, and which of its elements an existing container keeps out. */
struct filled_list {
	const char *name;
	bool (*is_left_out)(const json_t *existing, const json_t *element);
};

/* Leaves elements of a list out. */
static int leave_out_elements(json_t **filling, json_t *container, const json_t *existing,
			      const struct filled_list *list, struct err *err)
{
	json_t *elements = json_object_get(container, list->name);
	json_auto_t *rest = json_incref(elements);
	int r = 0;

	for (size_t i = json_array_size(elements); r == 0 && i-- > 0;) {
		if (list->is_left_out(existing, json_array_get(elements, i)))
			r = json_edit_remove_element(&rest, elements, i, err);
	}
	/* takes the reference */
	if (r == 0 && rest != elements)
		r = json_edit_set(filling, container, list->name, json_incref(rest), err);
	return r;
}

int container_filling(const json_t *existing, const json_t *own, json_t *overlay,
		      json_t **ret_filling, struct err *err)
{
	static const char *const PROBES[] = {"livenessProbe", "readinessProbe", "startupProbe",
					     NULL};
	static const struct filled_list LISTS[] = {{"env", has_variable},
						   {"volumeMounts", has_other_mount}};
	json_auto_t *filling = json_incref(overlay);
	int r = leave_out(&filling, overlay, existing, PROBES, err);

	if (r == 0)
		r = leave_out_handlers(&filling, overlay, existing, err);
	if (r == 0)
		r = leave_out_requests(&filling, overlay, own, err);
	for (size_t i = 0; r == 0 && i < sizeof(LISTS) / sizeof(*LISTS); i++)
		r = leave_out_elements(&filling, overlay, existing, &LISTS[i], err);
	if (r == 0)
		*ret_filling = TAKE(filling);
	return r;
}
