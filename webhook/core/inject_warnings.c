/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_warnings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"
#include "webhook/core/app_variables.h"
#include "webhook/core/overlay_apply.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/probe.h"

void inject_warn(struct inject_result *result, const char *format, ...)
{
	va_list args;

	if (result->warning_count == INJECT_WARNINGS_MAX)
		return;
	char *warning = result->warnings[result->warning_count++];
	va_start(args, format);
	vsnprintf(warning, INJECT_WARNING_SIZE, format, args);
	va_end(args);
	utf8_repair(warning);
}

/* Whoever misspells the name of a profile's container has asked for an image of the name "auto". */
static void warn_of_image_auto(const struct inject_warnings_subject *subject,
			       struct inject_result *result)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *containers = pod_list(subject->pod, POD_CONTAINER_LISTS[i]);
		json_t *container;
		size_t index;

		json_array_foreach(containers, index, container) {
			const char *image = json_string_value(json_object_get(container, "image"));

			if (image != NULL && strcmp(image, OVERLAY_IMAGE_AUTO) == 0)
				inject_warn(result,
					    "sidewire: container '%.32s' has image: auto, and no "
					    "profile has a container of that name",
					    json_string_value(json_object_get(container, "name")));
		}
	}
}

/* What an agent needs is missing where a variable could not be joined. */
static void warn_of_variables(const struct inject_warnings_subject *subject,
			      struct inject_result *result)
{
	json_t *containers = pod_list(subject->pod, "containers");
	json_t *container;
	size_t index;

	json_array_foreach(containers, index, container) {
		const char *variable = app_variables_left_alone(container, &subject->apps);

		if (variable != NULL)
			inject_warn(result,
				    "sidewire: %.32s of '%.32s' is valueFrom: what a profile "
				    "appends to it is left out",
				    variable,
				    json_string_value(json_object_get(container, "name")));
	}
}

/* Whoever has a blind probe that stays hears of it, unless he wants it so. */
static void warn_of_probes(const struct inject_warnings_subject *subject,
			   struct inject_result *result)
{
	const struct profile *profile = subject->apps.choice->redirecting;
	struct probe probe;

	if (profile == NULL || subject->probes == PROBE_MODE_KEEP ||
	    !probe_find_blind(subject->pod, profile->pod, subject->redirect, &probe))
		return;
	inject_warn(result,
		    "sidewire: the tcpSocket %s of '%.32s' will be answered by the proxy; use "
		    "http, grpc or exec",
		    probe.place->member, probe_container_name(&probe));
}

void inject_warnings_add(const struct inject_warnings_subject *subject,
			 struct inject_result *result)
{
	warn_of_image_auto(subject, result);
	warn_of_variables(subject, result);
	warn_of_probes(subject, result);
}
