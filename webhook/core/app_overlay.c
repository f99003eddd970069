/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/app_overlay.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/app_variables.h"
#include "webhook/core/container_filling.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/strategic_merge.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static const char *name_of(const json_t *mount)
{
	const char *name = text_of(mount, "name");

	return name != NULL ? name : "";
}

/* A mount of another volume in the same place would hide from the agent what is its own. */
static int check_mounts(const json_t *container, const json_t *overlay, struct err *err)
{
	json_t *mount;
	size_t index;

	json_array_foreach(json_object_get(overlay, "volumeMounts"), index, mount) {
		const char *path = text_of(mount, "mountPath");
		const json_t *existing = path != NULL ? pod_mount(container, path) : NULL;

		if (existing != NULL && strcmp(name_of(existing), name_of(mount)) != 0)
			return err_set(err, EINVAL,
				       "mounts volume '%.*s' at '%.*s', where the profile mounts "
				       "volume '%.*s'",
				       SHOWN_MAX, name_of(existing), SHOWN_MAX, path, SHOWN_MAX,
				       name_of(mount));
	}
	return 0;
}

/* The container with what it lacks of one overlay; `own` is what it was at first. Its variables are
 * there already. */
static int fill(json_t *container, const json_t *own, json_t *overlay, json_t **ret_container,
		struct err *err)
{
	json_auto_t *filling = NULL;
	int r = check_mounts(container, overlay, err);

	if (r == 0)
		r = container_filling(container, own, overlay, &filling, err);
	return r == 0 ? strategic_merge(container, filling, MERGE_RULES_CONTAINER,
					MERGE_ORIGINAL_WINS, ret_container, err)
		      : r;
}

static int apply_to_container(json_t *container, const struct app_overlays *apps,
			      json_t **ret_container, struct err *err)
{
	json_auto_t *edited = NULL;
	int r = app_variables_put(container, apps, &edited, err);

	/* What the later one has filled in, an earlier one does not. */
	for (size_t i = apps->choice->count; r == 0 && i-- > 0;) {
		json_t *next = NULL;

		if (apps->items[i] == NULL)
			continue;
		r = fill(edited, container, apps->items[i], &next, err);
		if (r == 0) {
			json_decref(edited);
			edited = next;
		}
	}
	if (r == 0)
		*ret_container = TAKE(edited);
	return r;
}

int app_overlay_apply(json_t *pod, const struct app_overlays *apps, json_t **ret_pod,
		      struct err *err)
{
	json_t *spec = json_object_get(pod, "spec");
	json_t *containers = pod_list(pod, "containers");
	json_auto_t *edited = json_incref(containers);
	json_auto_t *edited_spec = json_incref(spec);
	json_auto_t *edited_pod = json_incref(pod);
	json_t *container;
	size_t index;

	json_array_foreach(containers, index, container) {
		json_t *next = NULL;

		if (profile_choice_has(apps->choice, "containers", text_of(container, "name")))
			continue;
		if (apply_to_container(container, apps, &next, err) < 0)
			return err->code == -ENOMEM ? err->code
						    : err_wrap(err, "container '%.*s'", SHOWN_MAX,
							       text_of(container, "name"));
		/* takes the container */
		if (json_edit_set_element(&edited, containers, index, next, err) < 0)
			return err->code;
	}
	/* Both take what they are given. */
	if (containers != NULL &&
	    (json_edit_set(&edited_spec, spec, "containers", json_incref(edited), err) < 0 ||
	     json_edit_set(&edited_pod, pod, "spec", json_incref(edited_spec), err) < 0))
		return err->code;
	*ret_pod = TAKE(edited_pod);
	return 0;
}
