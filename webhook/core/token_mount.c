/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/token_mount.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/overlay_apply.h"
#include "webhook/core/pod_shape.h"

/* DefaultAPITokenMountPath, and the volume's name up to its random part
 * (plugin/pkg/admission/serviceaccount). */
static const char PLACE[] = "/var/run/secrets/kubernetes.io/serviceaccount";
static const char VOLUME_PREFIX[] = "kube-api-access-";

static bool is_of_the_api_server(const json_t *mount)
{
	const char *volume = json_string_value(json_object_get(mount, "name"));

	return volume != NULL && strncmp(volume, VOLUME_PREFIX, strlen(VOLUME_PREFIX)) == 0;
}

/* The mount that the API server has given to a container of the pod; NULL when it gave none. */
static json_t *find_mount(const json_t *pod)
{
	for (size_t list = 0; list < POD_CONTAINER_LIST_COUNT; list++) {
		size_t i;
		json_t *container;

		json_array_foreach(pod_list(pod, POD_CONTAINER_LISTS[list]), i, container) {
			json_t *mount = pod_mount(container, PLACE);

			if (is_of_the_api_server(mount))
				return mount;
		}
	}
	return NULL;
}

/* An overlay for those of a list of the merged pod that are to get the mount. */
static int overlay_of(const json_t *original_pod, json_t *merged, json_t *mount,
		      json_t **ret_overlay, struct err *err)
{
	json_auto_t *overlay = json_array();
	size_t i;
	json_t *container;

	if (overlay == NULL)
		return err_set(err, ENOMEM, "out of memory");
	json_array_foreach(merged, i, container) {
		json_t *name = json_object_get(container, "name");

		if (pod_mount(container, PLACE) != NULL || !json_is_string(name) ||
		    pod_container(original_pod, json_string_value(name)) != NULL)
			continue;
		json_t *entry = json_pack("{s:O, s:[O]}", "name", name, "volumeMounts", mount);
		/* A NULL is refused, too. */
		if (json_array_append_new(overlay, entry) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	*ret_overlay = TAKE(overlay);
	return 0;
}

int token_mount_add(json_t *original_pod, json_t *merged_pod, json_t **ret_pod, struct err *err)
{
	json_t *mount = find_mount(original_pod);
	json_auto_t *pod = json_incref(merged_pod);

	for (size_t list = 0; mount != NULL && list < POD_CONTAINER_LIST_COUNT; list++) {
		const char *member = POD_CONTAINER_LISTS[list];
		json_auto_t *containers = NULL;
		json_t *next = NULL;

		if (overlay_of(original_pod, pod_list(pod, member), mount, &containers, err) < 0)
			return err->code;
		if (json_array_size(containers) == 0)
			continue;
		json_auto_t *overlay = json_pack("{s:{s:O}}", "spec", member, containers);
		if (overlay == NULL)
			return err_set(err, ENOMEM, "out of memory");
		int r = overlay_apply(pod, &overlay, 1, &next, err);
		if (r < 0)
			return r;
		json_decref(pod);
		pod = next;
	}
	*ret_pod = TAKE(pod);
	return 0;
}
