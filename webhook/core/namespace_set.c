/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/namespace_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/vocabulary.h"
#include "webhook/core/yaml_json.h"

static void namespace_info_release(struct namespace_info *info)
{
	free(info->name);
	free(info->label);
	json_decref(info->annotations);
	*info = (struct namespace_info){0};
}

static int check_texts(json_t *annotations, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(annotations, key, value) {
		const char *text = NULL;

		int r = json_is_null(value)
				? err_set(err, EINVAL, "'%.64s' must be a string, found null", key)
				: json_read_string(annotations, key, &text, err);

		if (r < 0)
			return err_wrap(err, "annotations");
	}
	return 0;
}

static int read_metadata(const json_t *metadata, struct namespace_info *info, struct err *err)
{
	json_t *labels = NULL;
	json_t *annotations = NULL;
	const char *name = NULL;
	const char *label = NULL;
	int r = json_read_string(metadata, "name", &name, err);

	if (r == 0 && name == NULL)
		r = err_set(err, EINVAL, "'name' is missing");
	if (r == 0)
		r = json_read_object(metadata, "labels", &labels, err);
	if (r == 0)
		r = json_read_string(labels, LABEL_INJECT, &label, err);
	if (r == 0)
		r = json_read_object(metadata, "annotations", &annotations, err);
	if (r == 0)
		r = check_texts(annotations, err);
	if (r < 0)
		return r;
	info->name = strdup(name);
	info->label = label != NULL ? strdup(label) : NULL;
	info->annotations = json_incref(annotations);
	if (info->name == NULL || (label != NULL && info->label == NULL))
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int read_info(const struct manifest_object *object, struct namespace_info *info,
		     struct err *err)
{
	json_auto_t *metadata = NULL;
	const struct yaml_node *node = yaml_member(object->node, "metadata");

	if (node == NULL) {
		err_set(err, EINVAL, "Namespace: 'metadata' is missing");
		return yaml_at(object->node, err);
	}
	int r = yaml_json(node, YAML_KUBECTL, &metadata, err);
	if (r < 0)
		return r;
	if (read_metadata(metadata, info, err) == 0)
		return 0;
	if (err->code != -ENOMEM)
		err_wrap(err, "Namespace: metadata");
	return yaml_at(node, err);
}

static int append(struct namespace_set *set, struct namespace_info *info, struct err *err)
{
	struct namespace_info *items = realloc(set->items, (set->count + 1) * sizeof(*items));

	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	set->items = items;
	items[set->count++] = *info;
	*info = (struct namespace_info){0};
	return 0;
}

int namespace_set_add(struct namespace_set *set, const struct manifest_object *object,
		      struct err *err)
{
	CLEANUP(namespace_info_release) struct namespace_info info = {0};

	if (strcmp(object->kind, "Namespace") != 0 || strcmp(object->api_version, "v1") != 0)
		return 0;
	int r = read_info(object, &info, err);
	if (r != 0)
		return r;
	if (namespace_set_find(set, object->name) != NULL) {
		err_set(err, EEXIST, "namespace '%.64s' is there twice", object->name);
		return yaml_at(object->node, err);
	}
	return append(set, &info, err);
}

const struct namespace_info *namespace_set_find(const struct namespace_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->items[i].name, name) == 0)
			return &set->items[i];
	}
	return NULL;
}

void namespace_set_release(struct namespace_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		namespace_info_release(&set->items[i]);
	free(set->items);
	*set = (struct namespace_set){0};
}
