/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/probe.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/pod_shape.h"

const struct probe_place PROBE_PLACES[PROBE_PLACE_COUNT] = {
	{NULL, "readinessProbe", "/app-health", "readyz"},
	{NULL, "livenessProbe", "/app-health", "livez"},
	{NULL, "startupProbe", "/app-health", "startupz"},
	{"lifecycle", "postStart", "/app-lifecycle", "poststartz"},
	{"lifecycle", "preStop", "/app-lifecycle", "prestopz"},
};

static const char *const FORMS[] = {"httpGet", "tcpSocket", "grpc"};
enum { FORM_COUNT = sizeof(FORMS) / sizeof(*FORMS), FORM_TCP = 1 };

bool probe_read(const json_t *container, const struct probe_place *place, struct probe *ret_probe)
{
	const json_t *holder =
		place->holder != NULL ? json_object_get(container, place->holder) : container;
	json_t *value = json_object_get(holder, place->member);

	for (int i = 0; i < FORM_COUNT; i++) {
		json_t *action = json_object_get(value, FORMS[i]);

		if (!json_is_object(action))
			continue;
		*ret_probe = (struct probe){container, place, value, FORMS[i], action};
		return true;
	}
	return false;
}

const char *probe_container_name(const struct probe *probe)
{
	return json_string_value(json_object_get(probe->container, "name"));
}

uint16_t probe_port(const struct probe *probe)
{
	json_t *port = json_object_get(probe->action, "port");

	if (json_is_string(port)) {
		json_t *declared = pod_named(json_object_get(probe->container, "ports"),
					     json_string_value(port), NULL);

		port = json_object_get(declared, "containerPort");
	}
	json_int_t number = json_integer_value(port);
	return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

bool probe_has_host(const struct probe *probe)
{
	return json_string_length(json_object_get(probe->action, "host")) > 0;
}

bool probe_is_captured(const struct redirect_spec *spec, uint16_t port)
{
	return port != 0 && range_list_contains(&spec->include_inbound_ports, port) &&
	       !range_list_contains(&spec->exclude_inbound_ports, port);
}

bool probe_is_blind(const struct probe *probe, const struct redirect_spec *spec)
{
	return probe->form == FORMS[FORM_TCP] && !probe_has_host(probe) &&
	       probe_is_captured(spec, probe_port(probe));
}

static bool find_in_container(const json_t *container, const struct redirect_spec *spec,
			      struct probe *ret_probe)
{
	for (int i = 0; i < PROBE_PLACE_PROBES; i++) {
		struct probe probe;

		if (!probe_read(container, &PROBE_PLACES[i], &probe) ||
		    !probe_is_blind(&probe, spec))
			continue;
		*ret_probe = probe;
		return true;
	}
	return false;
}

bool probe_is_of_overlay(const json_t *overlay, const json_t *container)
{
	return pod_container(overlay, json_string_value(json_object_get(container, "name"))) !=
	       NULL;
}

bool probe_find_blind(const json_t *pod, const json_t *overlay, const struct redirect_spec *spec,
		      struct probe *ret_probe)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *container;
		size_t index;

		json_array_foreach(pod_list(pod, POD_CONTAINER_LISTS[i]), index, container) {
			if (find_in_container(container, spec, ret_probe) &&
			    !probe_is_of_overlay(overlay, container))
				return true;
		}
	}
	return false;
}

int probe_set_action(const struct probe *probe, const char *form, json_t *action, json_t **edited,
		     struct err *err)
{
	const struct probe_place *place = probe->place;
	json_auto_t *taken = action;
	json_auto_t *value = json_incref(probe->value);
	int r = json_edit_remove(&value, probe->value, probe->form, err);

	/* Each of the following takes what it sets. */
	if (r == 0)
		r = json_edit_set(&value, probe->value, form, TAKE(taken), err);
	if (r == 0 && place->holder == NULL)
		return json_edit_set(edited, probe->container, place->member, json_incref(value),
				     err);
	if (r < 0)
		return r;
	/* The other handler may have been set before. */
	json_t *holder = json_object_get(*edited, place->holder);
	json_auto_t *handlers = json_incref(holder);
	r = json_edit_set(&handlers, holder, place->member, json_incref(value), err);
	return r == 0 ? json_edit_set(edited, probe->container, place->holder,
				      json_incref(handlers), err)
		      : r;
}

/* Edits the containers of one list. */
static int edit_list(json_t *containers, const json_t *overlay, probe_container_edit *edit,
		     void *context, json_t **ret_containers, struct err *err)
{
	json_auto_t *edited = json_incref(containers);
	json_t *container;
	size_t index;

	json_array_foreach(containers, index, container) {
		json_t *next = NULL;

		if (probe_is_of_overlay(overlay, container))
			continue;
		if (edit(context, container, &next, err) < 0)
			return err->code;
		/* takes the container */
		if (json_edit_set_element(&edited, containers, index, next, err) < 0)
			return err->code;
	}
	*ret_containers = TAKE(edited);
	return 0;
}

int probe_edit_containers(json_t *pod, const json_t *overlay, probe_container_edit *edit,
			  void *context, json_t **ret_pod, struct err *err)
{
	json_t *spec = json_object_get(pod, "spec");
	json_auto_t *edited_spec = json_incref(spec);
	json_auto_t *edited_pod = json_incref(pod);

	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		const char *member = POD_CONTAINER_LISTS[i];
		json_t *containers = pod_list(pod, member);
		json_t *edited = NULL;

		if (containers == NULL)
			continue;
		if (edit_list(containers, overlay, edit, context, &edited, err) < 0)
			return err->code;
		/* Both take what they set. */
		if (json_edit_set(&edited_spec, spec, member, edited, err) < 0 ||
		    json_edit_set(&edited_pod, pod, "spec", json_incref(edited_spec), err) < 0)
			return err->code;
	}
	*ret_pod = TAKE(edited_pod);
	return 0;
}
