/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/container_filling.h"

#include <stddef.h>

#include "common/base/cleanup.h"
#include "webhook/core/json_edit.h"
#include "webhook/core/pod_shape.h"

/* Leaves members out that the pod's object has in any form. */
static int leave_out(json_t **filling, json_t *overlay, const json_t *existing,
		     const char *const *members, struct err *err)
{
	for (; *members != NULL; members++) {
		const json_t *own = json_object_get(existing, *members);

		if (own != NULL && !json_is_null(own) &&
		    json_edit_remove(filling, overlay, *members, err) < 0)
			return err->code;
	}
	return 0;
}

/* Leaves lifecycle handlers out that the pod's container has. */
static int leave_out_handlers(json_t **filling, json_t *container, const json_t *existing,
			      struct err *err)
{
	static const char *const HANDLERS[] = {"postStart", "preStop", NULL};
	json_t *lifecycle = json_object_get(container, "lifecycle");
	json_auto_t *rest = json_incref(lifecycle);

	if (lifecycle == NULL)
		return 0;
	int r = leave_out(&rest, lifecycle, json_object_get(existing, "lifecycle"), HANDLERS, err);
	/* takes the reference */
	return r == 0 ? json_edit_set(filling, container, "lifecycle", json_incref(rest), err) : r;
}

/* Leaves environment variables out that the pod's container has. */
static int leave_out_variables(json_t **filling, json_t *container, const json_t *existing,
			       struct err *err)
{
	const json_t *own = json_object_get(existing, "env");
	json_t *variables = json_object_get(container, "env");
	json_auto_t *rest = json_incref(variables);
	int r = 0;

	for (size_t i = json_array_size(variables); r == 0 && i-- > 0;) {
		const json_t *variable = json_array_get(variables, i);
		const char *name = json_string_value(json_object_get(variable, "name"));

		if (name != NULL && pod_named(own, name, NULL) != NULL)
			r = json_edit_remove_element(&rest, variables, i, err);
	}
	if (r == 0 && rest != variables)
		r = json_edit_set(filling, container, "env", json_incref(rest), err);
	return r;
}

int container_filling(const json_t *existing, json_t *overlay, json_t **ret_filling,
		      struct err *err)
{
	static const char *const PROBES[] = {"livenessProbe", "readinessProbe", "startupProbe",
					     NULL};
	json_auto_t *filling = json_incref(overlay);
	int r = leave_out(&filling, overlay, existing, PROBES, err);

	if (r == 0)
		r = leave_out_handlers(&filling, overlay, existing, err);
	if (r == 0)
		r = leave_out_variables(&filling, overlay, existing, err);
	if (r == 0)
		*ret_filling = TAKE(filling);
	return r;
}
