/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/profile_overlay.h"

#include <errno.h>
#include <string.h>

#include "common/base/json_read.h"
#include "common/vocabulary.h"
#include "webhook/core/app_variables.h"
#include "webhook/core/json_path.h"
#include "webhook/core/merge_patch.h"
#include "webhook/core/overlay_check.h"
#include "webhook/core/pod_shape.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Refuses labels and annotations of sidewire's own: users write those, and the webhook does. */
static int check_own_names(const json_t *metadata, const char *member, struct err *err)
{
	json_t *names = json_object_get(metadata, member);
	const char *key;
	json_t *value;

	json_object_foreach(names, key, value) {
		if (strncmp(key, VOCABULARY_PREFIX, strlen(VOCABULARY_PREFIX)) == 0 ||
		    strncmp(key, VOCABULARY_PARAM_PREFIX, strlen(VOCABULARY_PARAM_PREFIX)) == 0)
			return err_set(err, EINVAL, "%s: '%.64s' is not for a profile to set",
				       member, key);
	}
	return 0;
}

static int check_metadata(json_t *pod, struct err *err)
{
	static const char *const KEYS[] = {"labels", "annotations", NULL};
	json_t *metadata = json_object_get(pod, "metadata");

	if (!json_is_object(metadata))
		return 0;
	int r = json_read_only_keys(metadata, KEYS, err);
	if (r == 0)
		r = check_own_names(metadata, "labels", err);
	if (r == 0)
		r = check_own_names(metadata, "annotations", err);
	return r < 0 ? err_wrap(err, "metadata") : 0;
}

/* Refuses a null, which in a merge takes away, where it would take what makes a pod. */
static int check_not_null(const json_t *object, const char *member, struct err *err)
{
	if (!json_is_null(json_object_get(object, member)))
		return 0;
	return err_set(err, EINVAL, "'%s' must not be null, which would take the pod's away",
		       member);
}

static int check_nulls(const json_t *pod, struct err *err)
{
	const json_t *spec = json_object_get(pod, "spec");
	int r = check_not_null(pod, "spec", err);

	if (r == 0)
		r = check_not_null(spec, "volumes", err);
	for (size_t i = 0; r == 0 && i < POD_CONTAINER_LIST_COUNT; i++)
		r = check_not_null(spec, POD_CONTAINER_LISTS[i], err);
	return r;
}

/* Refuses parameters in the names of a list's elements. */
static int check_fixed_names(const json_t *pod, const char *list, struct err *err)
{
	json_t *elements = pod_list(pod, list);
	json_t *element;
	size_t index;

	json_array_foreach(elements, index, element) {
		if (strstr(json_string_value(json_object_get(element, "name")), "${") != NULL)
			return err_set(err, EINVAL,
				       "spec: %s[%zu]: 'name' must not have parameters", list,
				       index);
	}
	return 0;
}

static int check_all_fixed_names(const json_t *pod, struct err *err)
{
	int r = check_fixed_names(pod, "volumes", err);

	for (size_t i = 0; r == 0 && i < POD_CONTAINER_LIST_COUNT; i++)
		r = check_fixed_names(pod, POD_CONTAINER_LISTS[i], err);
	return r;
}

/* Any value of a parameter's type. */
static json_t *sample_of(const struct parameter *parameter)
{
	switch (parameter->type) {
	case PARAMETER_INTEGER:
	case PARAMETER_NUMBER:
		return json_integer(0);
	case PARAMETER_BOOLEAN:
		return json_false();
	case PARAMETER_STRING:
	case PARAMETER_QUANTITY:
	case PARAMETER_DURATION:
	case PARAMETER_ENUM:
		break;
	}
	return json_string("");
}

/* Puts samples in for parameters: types depend on them, outlines must not. */
static int render_samples(json_t *overlay, const struct profile *profile, json_t **ret_rendered,
			  struct err *err)
{
	json_auto_t *samples = json_object();

	for (size_t i = 0; i < profile->parameter_count; i++) {
		const struct parameter *parameter = &profile->parameters[i];

		if (json_object_set_new(samples, parameter->name, sample_of(parameter)) < 0)
			return out_of_memory(err);
	}
	if (samples == NULL)
		return out_of_memory(err);
	return parameter_render(overlay, samples, ret_rendered, err);
}

static int check_overlay(json_t *pod, const struct profile *profile, struct err *err)
{
	static const char *const KEYS[] = {"metadata", "spec", NULL};
	json_auto_t *rendered = NULL;
	int r = json_read_only_keys(pod, KEYS, err);

	if (r == 0)
		r = pod_shape_check(pod, err);
	if (r == 0)
		r = check_nulls(pod, err);
	if (r == 0)
		r = check_metadata(pod, err);
	if (r == 0)
		r = check_all_fixed_names(pod, err);
	if (r == 0)
		r = render_samples(pod, profile, &rendered, err);
	if (r == 0)
		r = pod_shape_check(rendered, err);
	if (r == 0)
		r = merge_patch_check(rendered, MERGE_RULES_POD, err);
	/* Samples are all alike, so that keys may seem to repeat. */
	return r == 0 ? overlay_check(pod, err) : r;
}

static int check_effect(json_t *value, const struct json_path *path, struct err *err);

/* Checks a member or an element of an overlay on containers that win. */
static int check_effect_below(json_t *value, const struct json_path *here, struct err *err)
{
	if (!json_is_null(value) && (here->member == NULL || here->member[0] != '$'))
		return check_effect(value, here, err);
	err_set(err, EINVAL, "has no effect: what an application's container has stays");
	return json_path_wrap(here, err);
}

/* Refuses nulls and directives. The overlay is not too deep: merge_patch_check() saw it. */
static int check_effect(json_t *value, const struct json_path *path, struct err *err)
{
	json_t *below;
	const char *key;
	size_t index;

	json_object_foreach(value, key, below) {
		const struct json_path here = {.parent = path, .member = key};

		if (check_effect_below(below, &here, err) < 0)
			return err->code;
	}
	json_array_foreach(value, index, below) {
		const struct json_path here = {.parent = path, .index = index};

		if (check_effect_below(below, &here, err) < 0)
			return err->code;
	}
	return 0;
}

/* Checks one of the variables, which are objects with names. */
static int check_variable(const json_t *variable, struct err *err)
{
	const char *name = NULL;
	const char *separator = NULL;
	const char *value = NULL;
	int r = json_read_string(variable, "name", &name, err);

	if (r == 0)
		r = json_read_string(variable, APP_VARIABLE_APPEND, &separator, err);
	if (r == 0 && separator != NULL)
		r = json_read_string(variable, "value", &value, err);
	if (r < 0 || separator == NULL)
		return r;
	if (*separator == '\0')
		return err_set(err, EINVAL,
			       "'" APP_VARIABLE_APPEND "' is empty: expected what stands between "
			       "the container's own value and this one");
	if (value == NULL)
		return err_set(err, EINVAL, "'" APP_VARIABLE_APPEND "' needs a 'value' to append");
	return 0;
}

static int check_variables(const json_t *apps, struct err *err)
{
	json_t *variables = NULL;
	json_t *variable;
	size_t index;
	int r = json_read_array(apps, "env", &variables, err);

	if (r < 0)
		return r;
	json_array_foreach(variables, index, variable) {
		if (check_variable(variable, err) < 0)
			return err_wrap(err, "env[%zu]", index);
	}
	return 0;
}

static int check_apps(json_t *apps, const struct profile *profile, struct err *err)
{
	json_auto_t *rendered = NULL;

	if (json_object_get(apps, "name") != NULL)
		return err_set(err, EINVAL,
			       "'name' must not be there: this is put on every application "
			       "container");
	int r = render_samples(apps, profile, &rendered, err);
	if (r == 0)
		r = merge_patch_check(rendered, MERGE_RULES_CONTAINER, err);
	if (r == 0)
		r = check_effect(rendered, NULL, err);
	return r == 0 ? check_variables(rendered, err) : r;
}

static int read_first(const json_t *spec, struct profile *profile, struct err *err)
{
	const char *name = NULL;
	int r = json_read_string(spec, "first", &name, err);

	if (r < 0 || name == NULL)
		return r;
	json_t *container = pod_named(pod_list(profile->pod, "initContainers"), name, NULL);
	if (container == NULL)
		return err_set(err, EINVAL,
			       "'first' must name one of the overlay's initContainers, found "
			       "'%.64s'",
			       name);
	profile->first = json_string_value(json_object_get(container, "name"));
	return 0;
}

int profile_overlay_read(const json_t *spec, struct profile *profile, struct err *err)
{
	json_t *pod = NULL;
	json_t *apps = NULL;
	int r = json_read_object(spec, "pod", &pod, err);

	if (r == 0 && pod != NULL && check_overlay(pod, profile, err) < 0)
		r = err_wrap(err, "pod");
	if (r == 0)
		r = json_read_object(spec, "apps", &apps, err);
	if (r == 0 && apps != NULL && check_apps(apps, profile, err) < 0)
		r = err_wrap(err, "apps");
	if (r < 0)
		return r;
	profile->pod = pod != NULL ? json_incref(pod) : json_object();
	profile->apps = json_incref(apps);
	return profile->pod == NULL ? out_of_memory(err) : read_first(spec, profile, err);
}
