/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe_exempt.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "common/vocabulary.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/probe.h"

static int add_declared(const json_t *container, struct range_list *declared, struct err *err)
{
	json_t *port;
	size_t index;

	json_array_foreach(json_object_get(container, "ports"), index, port) {
		json_int_t number = json_integer_value(json_object_get(port, "containerPort"));

		if (number > 0 && number <= UINT16_MAX &&
		    range_list_add(declared, (uint32_t)number, (uint32_t)number, err) < 0)
			return err->code;
	}
	return 0;
}

static int find_declared(const json_t *pod, struct range_list *declared, struct err *err)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container;
		size_t index;

		json_array_foreach(pod_list(pod, POD_CONTAINER_LISTS[i]), index, container) {
			if (add_declared(container, declared, err) < 0)
				return err->code;
		}
	}
	return 0;
}

static int exempt_container(const json_t *container, const struct range_list *declared,
			    struct redirect_spec *spec, struct err *err)
{
	struct probe probe;

	for (int i = 0; i < PROBE_PLACE_PROBES; i++) {
		if (!probe_read(container, &PROBE_PLACES[i], &probe) || probe_has_host(&probe))
			continue;
		uint16_t port = probe_port(&probe);
		if (probe_is_captured(spec, port) && !range_list_contains(declared, port) &&
		    range_list_add(&spec->exclude_inbound_ports, port, port, err) < 0)
			return err->code;
	}
	return 0;
}

int probe_exempt_apply(const json_t *pod, const json_t *overlay, struct redirect_spec *spec,
		       struct err *err)
{
	CLEANUP(range_list_release) struct range_list declared = {0};

	if (find_declared(pod, &declared, err) < 0)
		return err->code;
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container;
		size_t index;

		json_array_foreach(pod_list(pod, POD_CONTAINER_LISTS[i]), index, container) {
			if (!probe_is_of_overlay(overlay, container) &&
			    exempt_container(container, &declared, spec, err) < 0)
				return err->code;
		}
	}
	if (spec->exclude_inbound_ports.count <= RANGE_LIST_MAX)
		return 0;
	return err_set(
		err, E2BIG,
		"annotation '" ANNOTATION_PROBES
		"' is 'exempt', but with what the probes ask there are %zu ranges of excluded "
		"inbound ports, at most %d fit",
		spec->exclude_inbound_ports.count, RANGE_LIST_MAX);
}
