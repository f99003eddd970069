/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merge and diff as a whole: {"pod": {...}, "namespace": {annotations}, "profiles": "a,b"} through
 * the injection with real profiles, and what must hold of every pod that is injected.
 */
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "tests/fuzz/json_patch.h"
#include "webhook/core/inject.h"
#include "webhook/core/namespace_defaults.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/uninject.h"

/* Members of a container that Kubernetes knows (core/v1): injection may have a say in these. */
static const char *const KNOWN[] = {"name",
				    "image",
				    "command",
				    "args",
				    "workingDir",
				    "ports",
				    "envFrom",
				    "env",
				    "resources",
				    "resizePolicy",
				    "restartPolicy",
				    "restartPolicyRules",
				    "volumeMounts",
				    "volumeDevices",
				    "livenessProbe",
				    "readinessProbe",
				    "startupProbe",
				    "lifecycle",
				    "terminationMessagePath",
				    "terminationMessagePolicy",
				    "imagePullPolicy",
				    "securityContext",
				    "stdin",
				    "stdinOnce",
				    "tty",
				    NULL};

static const char *name_of(const json_t *element)
{
	return json_string_value(json_object_get(element, "name"));
}

static bool is_known(const char *key)
{
	for (size_t i = 0; KNOWN[i] != NULL; i++) {
		if (strcmp(KNOWN[i], key) == 0)
			return true;
	}
	return false;
}

/* All that `part` has of unknown members, `whole` has just so. */
static void check_has_unknown(json_t *part, const json_t *whole)
{
	const char *key;
	json_t *value;

	json_object_foreach(part, key, value)
		assert(is_known(key) || json_equal(value, json_object_get(whole, key)));
}

/* Every element of the user's is there, in its order. */
static void check_list(const json_t *before, const json_t *after, const char *list)
{
	json_t *now = pod_list(after, list);
	json_t *element;
	size_t index;
	size_t place = 0;

	json_array_foreach(pod_list(before, list), index, element) {
		while (place < json_array_size(now) &&
		       strcmp(name_of(json_array_get(now, place)), name_of(element)) != 0)
			place++;
		assert(place < json_array_size(now));
		check_has_unknown(element, json_array_get(now, place));
	}
}

/* Unknown members live on the container that they were on, and on no other. */
static void check_containers(const json_t *before, const json_t *after)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container;
		size_t index;

		check_list(before, after, POD_CONTAINER_LISTS[i]);
		json_array_foreach(pod_list(after, POD_CONTAINER_LISTS[i]), index, container)
			check_has_unknown(container, pod_container(before, name_of(container)));
	}
}

/* Whether a container of the pod mounts a volume of that name. */
static bool is_mounted(const json_t *pod, const json_t *name)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container;
		json_t *mount;
		size_t j;
		size_t k;

		json_array_foreach(pod_list(pod, POD_CONTAINER_LISTS[i]), j, container) {
			json_array_foreach(json_object_get(container, "volumeMounts"), k, mount) {
				if (json_equal(json_object_get(mount, "name"), name))
					return true;
			}
		}
	}
	return false;
}

static bool has_volume(const json_t *pod, const json_t *name)
{
	return pod_named(pod_list(pod, "volumes"), json_string_value(name), NULL) != NULL;
}

/* Every mount has its volume, unless a mount of the user's had none. */
static void check_mounts(const json_t *before, const json_t *after, const json_t *container)
{
	json_t *mount;
	size_t index;

	json_array_foreach(json_object_get(container, "volumeMounts"), index, mount) {
		const json_t *name = json_object_get(mount, "name");

		if (!json_is_string(name) ||
		    (is_mounted(before, name) && !has_volume(before, name)))
			continue;
		assert(has_volume(after, name));
	}
}

static void check_volumes(const json_t *before, const json_t *after)
{
	json_t *volume;
	size_t index;

	check_list(before, after, "volumes");
	json_array_foreach(pod_list(before, "volumes"), index, volume)
		assert(json_equal(volume,
				  pod_named(pod_list(after, "volumes"), name_of(volume), NULL)));
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container;

		json_array_foreach(pod_list(after, POD_CONTAINER_LISTS[i]), index, container)
			check_mounts(before, after, container);
	}
}

/* How many elements of the list have that value. */
static size_t count_of(const json_t *list, const char *key, const json_t *value)
{
	size_t count = 0;
	json_t *element;
	size_t index;

	json_array_foreach(list, index, element)
		count += json_equal(json_object_get(element, key), value) ? 1 : 0;
	return count;
}

/* No two elements share the key, unless the user's own did. */
static void check_keys(const json_t *before, const json_t *after, const char *list, const char *key)
{
	json_t *own = json_object_get(before, list);
	json_t *now = json_object_get(after, list);
	json_t *element;
	size_t index;

	json_array_foreach(now, index, element) {
		const json_t *value = json_object_get(element, key);
		size_t count = value != NULL ? count_of(now, key, value) : 0;

		assert(count <= 1 || count == count_of(own, key, value));
	}
}

static void check_names(const json_t *before, json_t *after)
{
	struct err err = {0};

	/* Containers and volumes. */
	assert(pod_shape_check(after, &err) == 0);
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container;
		size_t index;

		json_array_foreach(pod_list(after, POD_CONTAINER_LISTS[i]), index, container) {
			const json_t *was = pod_container(before, name_of(container));

			check_keys(was, container, "env", "name");
			check_keys(was, container, "volumeMounts", "mountPath");
		}
	}
}

static void check_way_back(const json_t *before, json_t *after)
{
	json_auto_t *left = json_array();
	json_auto_t *undone = NULL;
	struct err err = {0};

	assert(uninject(after, left, &undone, &err) == 0);
	assert(json_equal(before, undone) && json_array_size(left) == 0);
}

/* A status that somebody forged says what it likes of what was before. */
static bool has_status(const json_t *pod)
{
	return json_object_get(pod_annotations(pod), "sidewire.io/status") != NULL;
}

static void check_injected(json_t *pod, const struct inject_result *result)
{
	json_auto_t *patched = fuzz_patched(pod, result->patch);

	assert(patched != NULL && json_equal(patched, result->pod));
	check_containers(pod, result->pod);
	check_volumes(pod, result->pod);
	check_names(pod, result->pod);
	if (!has_status(pod))
		check_way_back(pod, result->pod);
}

static void ask(json_t *pod, json_t *annotations, const char *profiles,
		struct inject_result *ret_result)
{
	const struct inject_options options = {.default_profiles = profiles,
					       .gate_image = "example/sidewire:1",
					       .image_volumes = IMAGE_VOLUMES_YES};
	const struct inject_question question = {
		.operation = "CREATE",
		.resource = "pods",
		.subresource = "",
		.namespace_name = "shop",
		.namespace_label = "enabled",
		.namespace_annotations = annotations,
		.own_namespace = "sidewire-system",
		.pod = pod,
	};
	struct err err = {0};

	assert(inject(&question, fuzz_profiles(), &options, ret_result, &err) == 0);
}

static void check(json_t *pod, json_t *annotations, const char *profiles)
{
	CLEANUP(inject_result_release) struct inject_result first = {0};
	CLEANUP(inject_result_release) struct inject_result second = {0};
	json_auto_t *untouched = json_deep_copy(pod);

	ask(pod, annotations, profiles, &first);
	assert(json_equal(pod, untouched));
	if (first.decision.verdict != INJECT_YES)
		return;
	check_injected(pod, &first);
	ask(first.pod, annotations, profiles, &second);
	assert(second.decision.verdict == INJECT_YES && json_array_size(second.patch) == 0);
}

/* The annotations of a namespace as they get to the injection. */
static int read_namespace(json_t *annotations, struct namespace_facts *ret_facts)
{
	json_auto_t *object = json_pack("{s:{s:s, s:O*}}", "metadata", "name", "shop",
					"annotations", annotations);
	struct err err = {0};
	int r = namespace_facts_read(object, ret_facts, &err);

	if (r < 0)
		fuzz_check_failure(&err);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *input =
		json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const char *profiles = json_string_value(json_object_get(input, "profiles"));
	json_t *pod = json_object_get(input, "pod");
	CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};

	if (pod != NULL && read_namespace(json_object_get(input, "namespace"), &facts) == 0)
		check(pod, facts.annotations, profiles != NULL ? profiles : "envoy");
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_json(data, size, max_size, seed, FUZZ_POD_WORDS);
}
