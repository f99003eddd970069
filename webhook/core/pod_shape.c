/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/pod_shape.h"

#include <errno.h>
#include <string.h>

#include "common/base/json_read.h"

enum { SHOWN_MAX = 64 }; /* bytes of foreign text that a message repeats */

const char *const POD_CONTAINER_LISTS[POD_CONTAINER_LIST_COUNT] = {"initContainers", "containers"};

/* Checks a map of texts: labels, annotations. */
static int check_texts(const json_t *metadata, const char *member, struct err *err)
{
	json_t *texts = NULL;
	const char *key;
	const char *text;
	json_t *value;
	int r = json_read_object(metadata, member, &texts, err);

	if (r < 0)
		return r;
	json_object_foreach(texts, key, value) {
		if (!json_is_string(value))
			return err_set(err, EINVAL, "%s: '%.*s' must be a string, found %s", member,
				       SHOWN_MAX, key, json_type_name(value));
		if (json_read_string(texts, key, &text, err) < 0)
			return err_wrap(err, "%s", member);
	}
	return 0;
}

/* Reads the name of a list's element, and adds it to `names`, where it must not be yet. */
static int check_named(json_t *element, json_t *names, struct err *err)
{
	const char *name = NULL;

	if (!json_is_object(element))
		return err_set(err, EINVAL, "must be an object, found %s", json_type_name(element));
	int r = json_read_string(element, "name", &name, err);
	if (r < 0)
		return r;
	if (name == NULL || *name == '\0')
		return err_set(err, EINVAL, "'name' is missing");
	if (json_object_get(names, name) != NULL)
		return err_set(err, EINVAL, "there is another one named '%.*s'", SHOWN_MAX, name);
	if (json_object_set_new(names, name, json_true()) < 0)
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int check_list(const json_t *spec, const char *member, json_t *names, struct err *err)
{
	json_t *list = NULL;
	json_t *element;
	size_t index;
	int r = json_read_array(spec, member, &list, err);

	if (r < 0)
		return r;
	if (json_array_size(list) > POD_LIST_MAX)
		return err_set(err, EINVAL, "%s has %zu elements, at most %d are possible", member,
			       json_array_size(list), POD_LIST_MAX);
	json_array_foreach(list, index, element) {
		if (check_named(element, names, err) < 0)
			return err_wrap(err, "%s[%zu]", member, index);
	}
	return 0;
}

/* Container names are unique over both lists (k8s.io/api core/v1, PodSpec.initContainers). */
static int check_spec(const json_t *spec, struct err *err)
{
	json_auto_t *containers = json_object();
	json_auto_t *volumes = json_object();

	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		int r = check_list(spec, POD_CONTAINER_LISTS[i], containers, err);

		if (r < 0)
			return r;
	}
	return check_list(spec, "volumes", volumes, err);
}

int pod_shape_check(json_t *pod, struct err *err)
{
	json_t *metadata = NULL;
	json_t *spec = NULL;
	int r = json_read_object(pod, "metadata", &metadata, err);

	if (r == 0)
		r = json_read_object(pod, "spec", &spec, err);
	if (r != 0)
		return r;
	r = check_texts(metadata, "labels", err);
	if (r == 0)
		r = check_texts(metadata, "annotations", err);
	if (r < 0)
		return err_wrap(err, "metadata");
	return check_spec(spec, err) < 0 ? err_wrap(err, "spec") : 0;
}

json_t *pod_named(const json_t *array, const char *name, size_t *ret_index)
{
	json_t *element;
	size_t index;

	json_array_foreach(array, index, element) {
		const char *found = json_string_value(json_object_get(element, "name"));

		if (found == NULL || strcmp(found, name) != 0)
			continue;
		if (ret_index != NULL)
			*ret_index = index;
		return element;
	}
	return NULL;
}

json_t *pod_list(const json_t *pod, const char *list)
{
	json_t *array = json_object_get(json_object_get(pod, "spec"), list);

	return json_is_array(array) ? array : NULL;
}

json_t *pod_container(const json_t *pod, const char *name)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container = pod_named(pod_list(pod, POD_CONTAINER_LISTS[i]), name, NULL);

		if (container != NULL)
			return container;
	}
	return NULL;
}

json_t *pod_mount(const json_t *container, const char *path)
{
	json_t *mount;
	size_t index;

	json_array_foreach(json_object_get(container, "volumeMounts"), index, mount) {
		const char *found = json_string_value(json_object_get(mount, "mountPath"));

		if (found != NULL && strcmp(found, path) == 0)
			return mount;
	}
	return NULL;
}

json_t *pod_annotations(const json_t *pod)
{
	json_t *annotations = json_object_get(json_object_get(pod, "metadata"), "annotations");

	return json_is_object(annotations) ? annotations : NULL;
}
