/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/gate_volume.h"

#include <errno.h>
#include <string.h>

#include "webhook/core/pod_shape.h"
#include "webhook/core/strategic_merge.h"
#include "webhook/core/volume_source.h"

json_t *gate_volume_new(const char *image)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "name", GATE_VOLUME, "image", "reference", image,
			 "pullPolicy", "IfNotPresent");
}

json_t *gate_volume_mount_new(void)
{
	return json_pack("{s:s, s:s, s:b}", "name", GATE_VOLUME, "mountPath", GATE_VOLUME_PATH,
			 "readOnly", 1);
}

/* Whether the path is the volume's, or below it. The kubelet takes one without a slash in front for
 * one that has it. */
static bool is_in_volume(const char *path)
{
	const char *volumes = &GATE_VOLUME_PATH[1];
	size_t length = strlen(volumes);
	const char *rest = path + strspn(path, "/");

	return strncmp(rest, volumes, length) == 0 && (rest[length] == '\0' || rest[length] == '/');
}

static bool is_our_mount(const json_t *mount)
{
	const char *name = json_string_value(json_object_get(mount, "name"));
	const char *path = json_string_value(json_object_get(mount, "mountPath"));

	return name != NULL && path != NULL && strcmp(name, GATE_VOLUME) == 0 &&
	       strcmp(path, GATE_VOLUME_PATH) == 0 && json_object_get(mount, "subPath") == NULL;
}

bool gate_volume_is_mounted(const json_t *container)
{
	json_t *mount;
	size_t index;

	json_array_foreach(json_object_get(container, "volumeMounts"), index, mount) {
		if (is_our_mount(mount))
			return true;
	}
	return false;
}

bool gate_volume_is_path_taken(const json_t *container)
{
	json_t *mount;
	size_t index;

	json_array_foreach(json_object_get(container, "volumeMounts"), index, mount) {
		const char *path = json_string_value(json_object_get(mount, "mountPath"));

		if (path != NULL && is_in_volume(path) && !is_our_mount(mount))
			return true;
	}
	return false;
}

int gate_volume_add(json_t *pod, const char *image, json_t **ret_pod, struct err *err)
{
	json_t *existing = pod_named(pod_list(pod, "volumes"), GATE_VOLUME, NULL);
	json_t *volume = gate_volume_new(image);
	/* takes the volume */
	json_auto_t *patch = json_pack("{s:{s:[o]}}", "spec", "volumes", volume);

	if (patch == NULL)
		return err_set(err, ENOMEM, "out of memory");
	if (existing == NULL)
		return strategic_merge(pod, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_pod, err);
	if (volume_source_check(existing, volume, err) < 0)
		return err->code;
	*ret_pod = json_incref(pod);
	return 0;
}
