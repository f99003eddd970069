/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/gate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "webhook/core/gate_volume.h"
#include "webhook/core/overlay_apply.h"
#include "webhook/core/pod_shape.h"

enum {
	PROBE_PERIOD_S = 1,   /* the least that the kubelet does */
	PROBE_FAILURES = 600, /* so the application waits ten minutes before a restart */
	PORT_TEXT_SIZE = 8,
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

static bool has(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return value != NULL && !json_is_null(value);
}

/* The overlay's part for the container, by form. New references, NULL when memory ends. */
static json_t *probe_of(const struct gate_request *request)
{
	return json_pack("{s:s, s:{s:{s:i}, s:i, s:i}}", "name", request->container, "startupProbe",
			 "tcpSocket", "port", (int)request->port, "periodSeconds", PROBE_PERIOD_S,
			 "failureThreshold", PROBE_FAILURES);
}

static json_t *exec_of(const struct gate_request *request)
{
	char port[PORT_TEXT_SIZE];

	snprintf(port, sizeof(port), "%u", request->port);
	return json_pack("{s:s, s:[o], s:{s:{s:{s:[s, s, s]}}}}", "name", request->container,
			 "volumeMounts", gate_volume_mount_new(), "lifecycle", "postStart", "exec",
			 "command", GATE_VOLUME_PROGRAM, "--port", port);
}

/* The list of the pod that the container is in. */
static const char *list_of(const json_t *pod, const char *container)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		if (pod_named(pod_list(pod, POD_CONTAINER_LISTS[i]), container, NULL) != NULL)
			return POD_CONTAINER_LISTS[i];
	}
	return NULL;
}

static int apply(json_t *pod, json_t *overlay, json_t **ret_pod, struct err *err)
{
	if (overlay == NULL)
		return err_set(err, ENOMEM, "out of memory");
	return overlay_apply(pod, &overlay, 1, ret_pod, err);
}

static int apply_probe(json_t *pod, const struct gate_request *request, const char *list,
		       json_t **ret_pod, struct err *err)
{
	json_auto_t *overlay = json_pack("{s:{s:[o]}}", "spec", list, probe_of(request));

	return apply(pod, overlay, ret_pod, err);
}

static int apply_exec(json_t *pod, const struct gate_request *request, const char *list,
		      json_t **ret_pod, struct err *err)
{
	if (request->image == NULL)
		return err_set(err, EINVAL,
			       "the gate exec needs an image that holds sidewire-gate, and this "
			       "installation names none: annotate the pod with sidewire.io/gate: "
			       "probe");
	if (gate_volume_is_path_taken(pod_container(pod, request->container)))
		return err_set(err, EINVAL,
			       "container '%.*s' mounts a volume of its own at " GATE_VOLUME_PATH
			       ", where the gate exec needs that of its image: mount it elsewhere",
			       SHOWN_MAX, request->container);
	json_auto_t *overlay = json_pack("{s:{s:[o], s:[o]}}", "spec", "volumes",
					 gate_volume_new(request->image), list, exec_of(request));

	return apply(pod, overlay, ret_pod, err);
}

static bool is_our_probe(const json_t *probe, const struct gate_request *request)
{
	json_t *port = json_object_get(json_object_get(probe, "tcpSocket"), "port");

	return json_integer_value(port) == request->port;
}

static bool is_our_handler(const json_t *handler)
{
	json_t *command = json_object_get(json_object_get(handler, "exec"), "command");
	const char *program = json_string_value(json_array_get(command, 0));

	return program != NULL && strcmp(program, GATE_VOLUME_PROGRAM) == 0;
}

/* What stands in the gate's place; NULL when nothing does. */
static const json_t *in_place(const json_t *pod, const struct gate_request *request)
{
	const json_t *container = pod_container(pod, request->container);
	const json_t *holder =
		request->gate == GATE_PROBE ? container : json_object_get(container, "lifecycle");
	const char *member = request->gate == GATE_PROBE ? "startupProbe" : "postStart";

	return has(holder, member) ? json_object_get(holder, member) : NULL;
}

const char *gate_obstacle(const json_t *pod, const json_t *overlay,
			  const struct gate_request *request)
{
	const json_t *found = in_place(pod, request);

	if (request->gate == GATE_NONE || found == NULL || in_place(overlay, request) != NULL)
		return NULL;
	if (request->gate == GATE_PROBE)
		return is_our_probe(found, request) ? NULL : "startupProbe";
	return is_our_handler(found) ? NULL : "postStart";
}

int gate_apply(json_t *pod, const struct gate_request *request, json_t **ret_pod, struct err *err)
{
	const char *list = list_of(pod, request->container);

	if (list == NULL || request->gate == GATE_NONE || in_place(pod, request) != NULL) {
		*ret_pod = json_incref(pod);
		return 0;
	}
	return request->gate == GATE_PROBE ? apply_probe(pod, request, list, ret_pod, err)
					   : apply_exec(pod, request, list, ret_pod, err);
}
