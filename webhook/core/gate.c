/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/gate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "webhook/core/overlay_apply.h"
#include "webhook/core/pod_shape.h"

enum {
	PROBE_PERIOD_S = 1,   /* the least that the kubelet does */
	PROBE_FAILURES = 600, /* so the application waits ten minutes before a restart */
	PORT_TEXT_SIZE = 8,
};

#define MOUNT_PATH "/sidewire"
#define PROGRAM MOUNT_PATH "/sidewire-gate"

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
	return json_pack("{s:s, s:[{s:s, s:s, s:b}], s:{s:{s:{s:[s, s, s]}}}}", "name",
			 request->container, "volumeMounts", "name", GATE_VOLUME, "mountPath",
			 MOUNT_PATH, "readOnly", 1, "lifecycle", "postStart", "exec", "command",
			 PROGRAM, "--port", port);
}

static json_t *volume_of(const struct gate_request *request)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "name", GATE_VOLUME, "image", "reference",
			 request->image, "pullPolicy", "IfNotPresent");
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
	return overlay_apply(pod, overlay, ret_pod, err);
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
			       "installation names none: use the gate probe");
	json_auto_t *overlay = json_pack("{s:{s:[o], s:[o]}}", "spec", "volumes",
					 volume_of(request), list, exec_of(request));

	return apply(pod, overlay, ret_pod, err);
}

int gate_apply(json_t *pod, const struct gate_request *request, json_t **ret_pod, struct err *err)
{
	const json_t *container = pod_container(pod, request->container);
	const char *list = list_of(pod, request->container);

	if (list != NULL && request->gate == GATE_PROBE && !has(container, "startupProbe"))
		return apply_probe(pod, request, list, ret_pod, err);
	if (list != NULL && request->gate == GATE_EXEC &&
	    !has(json_object_get(container, "lifecycle"), "postStart"))
		return apply_exec(pod, request, list, ret_pod, err);
	*ret_pod = json_incref(pod);
	return 0;
}
