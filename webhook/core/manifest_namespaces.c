/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/manifest_namespaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/core/yaml_json.h"

static void manifest_namespace_release(struct manifest_namespace *item)
{
	namespace_facts_release(&item->facts);
	json_decref(item->object);
	*item = (struct manifest_namespace){0};
}

/* Moves the namespace to the end. */
static int append(struct manifest_namespaces *namespaces, struct manifest_namespace *item,
		  struct err *err)
{
	struct manifest_namespace *items =
		realloc(namespaces->items, (namespaces->count + 1) * sizeof(*items));

	if (items == NULL)
		return err_set(err, ENOMEM, "out of memory");
	namespaces->items = items;
	items[namespaces->count++] = *item;
	*item = (struct manifest_namespace){0};
	return 0;
}

int manifest_namespaces_add(struct manifest_namespaces *namespaces,
			    const struct manifest_object *object, struct err *err)
{
	CLEANUP(manifest_namespace_release) struct manifest_namespace item = {.object = NULL};

	if (strcmp(object->kind, "Namespace") != 0 || strcmp(object->api_version, "v1") != 0)
		return 0;
	int r = yaml_json(object->node, YAML_KUBECTL, &item.object, err);
	if (r < 0)
		return r;
	r = namespace_facts_read(item.object, &item.facts, err);
	if (r == 0 && manifest_namespaces_find(namespaces, item.facts.name) != NULL)
		r = err_set(err, EEXIST, "namespace '%.64s' is there twice", item.facts.name);
	return r < 0 ? yaml_at(object->node, err) : append(namespaces, &item, err);
}

const struct namespace_facts *manifest_namespaces_find(const struct manifest_namespaces *namespaces,
						       const char *name)
{
	for (size_t i = 0; i < namespaces->count; i++) {
		if (strcmp(namespaces->items[i].facts.name, name) == 0)
			return &namespaces->items[i].facts;
	}
	return NULL;
}

void manifest_namespaces_release(struct manifest_namespaces *namespaces)
{
	for (size_t i = 0; i < namespaces->count; i++)
		manifest_namespace_release(&namespaces->items[i]);
	free(namespaces->items);
	*namespaces = (struct manifest_namespaces){0};
}
