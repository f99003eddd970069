/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_warning.h"

#include "webhook/core/pod_shape.h"

static const char *const PROBES[] = {"readinessProbe", "livenessProbe", "startupProbe"};
enum { PROBE_COUNT = sizeof(PROBES) / sizeof(*PROBES) };

/* The number of a tcpSocket's port, which may be the name of one of the container's; 0: unknown. */
static json_int_t port_number(const json_t *container, const json_t *socket)
{
	json_t *port = json_object_get(socket, "port");

	if (json_is_string(port)) {
		json_t *declared = pod_named(json_object_get(container, "ports"),
					     json_string_value(port), NULL);

		port = json_object_get(declared, "containerPort");
	}
	return json_integer_value(port);
}

static bool is_captured(const struct redirect_spec *spec, json_int_t port)
{
	return port > 0 && port <= UINT16_MAX &&
	       range_list_contains(&spec->include_inbound_ports, (uint32_t)port) &&
	       !range_list_contains(&spec->exclude_inbound_ports, (uint32_t)port);
}

/* The member that holds such a probe; NULL when none does. */
static const char *find_in_container(const json_t *container, const struct redirect_spec *spec)
{
	for (size_t i = 0; i < PROBE_COUNT; i++) {
		json_t *probe = json_object_get(container, PROBES[i]);
		json_t *socket = json_object_get(probe, "tcpSocket");

		if (socket != NULL && is_captured(spec, port_number(container, socket)))
			return PROBES[i];
	}
	return NULL;
}

bool probe_warning_find(const json_t *pod, const json_t *overlay, const struct redirect_spec *spec,
			struct blind_probe *ret_probe)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *containers = pod_list(pod, POD_CONTAINER_LISTS[i]);
		json_t *container;
		size_t index;

		json_array_foreach(containers, index, container) {
			const char *name = json_string_value(json_object_get(container, "name"));
			const char *member = find_in_container(container, spec);

			if (member == NULL || pod_container(overlay, name) != NULL)
				continue;
			*ret_probe = (struct blind_probe){name, member};
			return true;
		}
	}
	return false;
}
