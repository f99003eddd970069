/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/installation.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/profile_text.h"
#include "webhook/core/yaml_name.h"

#define CONTAINER "webhook"
#define OPTION_DEFAULT_PROFILES "--default-profiles"
#define OPTION_IMAGE_VOLUMES "--image-volumes"

/* The value of an option; NULL when it is not there. */
static const char *option_value(const json_t *arguments, const char *option)
{
	size_t length = strlen(option);
	json_t *element;
	size_t index;

	json_array_foreach(arguments, index, element) {
		const char *argument = json_string_value(element);

		if (argument == NULL || strncmp(argument, option, length) != 0)
			continue;
		if (argument[length] == '=')
			return argument + length + 1;
		if (argument[length] == '\0')
			return json_string_value(json_array_get(arguments, index + 1));
	}
	return NULL;
}

static int read_container(const json_t *container, struct installation *installation,
			  struct err *err)
{
	json_t *arguments = NULL;
	int r = json_read_string(container, "image", &installation->image, err);

	if (r == 0)
		r = json_read_array(container, "args", &arguments, err);
	if (r < 0)
		return r;
	installation->default_profiles = option_value(arguments, OPTION_DEFAULT_PROFILES);
	const char *volumes = option_value(arguments, OPTION_IMAGE_VOLUMES);
	return volumes == NULL ? 0
			       : image_volumes_parse(volumes, &installation->image_volumes, err);
}

int installation_read(const json_t *deployment, struct installation *ret_installation,
		      struct err *err)
{
	struct installation installation = {.image_volumes = IMAGE_VOLUMES_UNKNOWN};
	json_t *template = json_object_get(json_object_get(deployment, "spec"), "template");
	json_t *container = template == NULL
				    ? NULL
				    : pod_named(pod_list(template, "containers"), CONTAINER, NULL);

	if (container == NULL)
		return err_set(err, EINVAL, "the Deployment has no container '" CONTAINER "'");
	if (read_container(container, &installation, err) < 0)
		return err_wrap(err, "container '" CONTAINER "' of the Deployment");
	*ret_installation = installation;
	return 0;
}

/* Adds the profile of one key. */
static int add_profile(struct profile_set *set, const char *key, const json_t *value,
		       struct err *err)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return err_set(err, EINVAL, "%s: it must be a string, found %s", key,
			       json_type_name(value));
	return profile_text_add(set, key, text, strlen(text), err);
}

int installation_profiles(const json_t *config_map, struct profile_set *ret_set, struct err *err)
{
	CLEANUP(profile_set_release) struct profile_set set = {0};
	json_t *data = json_object_get(config_map, "data");
	const char *key;
	json_t *value;

	json_object_foreach(data, key, value) {
		if (yaml_name_is_document(key) && add_profile(&set, key, value, err) < 0)
			return err->code;
	}
	if (set.count == 0)
		return err_set(err, ENOENT,
			       "the ConfigMap has no profile (*.yaml, *.yml or *.json)");
	*ret_set = set;
	set = (struct profile_set){0};
	return 0;
}
