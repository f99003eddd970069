/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/manifest.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "webhook/core/yaml_json.h"
#include "webhook/core/yaml_patch.h"
#include "webhook/core/yaml_render.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static const char *text_of(const struct yaml_node *node, const char *otherwise)
{
	const char *text = yaml_text(node);

	return text != NULL ? text : otherwise;
}

/* What the object's name is, or begins with. */
static const char *name_of(const struct yaml_node *metadata)
{
	return text_of(yaml_member(metadata, "name"),
		       text_of(yaml_member(metadata, "generateName"), ""));
}

static const struct yaml_node *pod_of(const struct yaml_node *object,
				      const struct workload *workload)
{
	for (size_t i = 0; workload->path[i] != NULL; i++)
		object = yaml_member(object, workload->path[i]);
	return object;
}

/* `kind` is that of a list's items, which need not say it; or NULL. */
static struct manifest_object object_of(const struct yaml_node *node, const struct workload *kind)
{
	const struct yaml_node *metadata = yaml_member(node, "metadata");
	struct manifest_object object = {
		.kind = text_of(yaml_member(node, "kind"), kind != NULL ? kind->kind : ""),
		.api_version = text_of(yaml_member(node, "apiVersion"), ""),
		.name = name_of(metadata),
		.namespace_name = yaml_text(yaml_member(metadata, "namespace")),
		.node = node,
		.item = SIZE_MAX,
	};

	object.workload = kind != NULL ? kind : workload_find(object.api_version, object.kind);
	if (object.workload != NULL)
		object.pod = pod_of(node, object.workload);
	return object;
}

/* The objects of a list. The caller frees *ret_objects. */
static int read_items(const struct yaml_node *items, const struct workload *kind,
		      struct manifest_object **ret_objects, size_t *ret_count, struct err *err)
{
	if (items == NULL || items->kind != YAML_SEQUENCE || items->count == 0)
		return 0;
	struct manifest_object *objects = calloc(items->count, sizeof(*objects));
	if (objects == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < items->count; i++) {
		struct manifest_object *object = &objects[i];
		const struct workload *inner = NULL;

		*object = object_of(items->entries[i].value, kind);
		object->item = i;
		object->is_list = object->workload == NULL &&
				  workload_is_list(object->api_version, object->kind, &inner);
	}
	*ret_objects = objects;
	*ret_count = items->count;
	return 0;
}

/* The objects of a document. The caller frees *ret_objects. */
static int read_objects(const struct yaml_node *root, struct manifest_object **ret_objects,
			size_t *ret_count, struct err *err)
{
	const struct workload *item = NULL;

	/* Nothing but comments, or a marker. */
	if (root == NULL || root->begin == root->end)
		return 0;
	struct manifest_object object = object_of(root, NULL);
	if (workload_is_list(object.api_version, object.kind, &item))
		return read_items(yaml_resolve(yaml_member(root, "items")), item, ret_objects,
				  ret_count, err);
	struct manifest_object *objects = malloc(sizeof(*objects));
	if (objects == NULL)
		return out_of_memory(err);
	*objects = object;
	*ret_objects = objects;
	*ret_count = 1;
	return 0;
}

int manifest_read(const char *text, size_t length, unsigned int first_line,
		  struct manifest *ret_manifest, struct err *err)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	struct manifest_object *objects = NULL;
	size_t count = 0;
	int r = yaml_tree_read(text, length, first_line, &tree, err);

	if (r == 0)
		r = read_objects(tree.root, &objects, &count, err);
	if (r < 0)
		return r;
	*ret_manifest = (struct manifest){.tree = tree, .objects = objects, .count = count};
	tree.root = NULL;
	return 0;
}

/* The value that the object is. */
static json_t *object_value(const struct manifest *manifest, const struct manifest_object *object)
{
	return object->item == SIZE_MAX
		       ? manifest->value
		       : json_array_get(json_object_get(manifest->value, "items"), object->item);
}

int manifest_pod(struct manifest *manifest, const struct manifest_object *object, json_t **ret_pod,
		 struct err *err)
{
	const char *const *path = object->workload->path;

	if (manifest->value == NULL &&
	    yaml_json(manifest->tree.root, YAML_KUBECTL, &manifest->value, err) < 0)
		return err->code;
	json_t *pod = object_value(manifest, object);
	while (*path != NULL)
		pod = json_object_get(pod, *path++);
	*ret_pod = pod != NULL ? pod : json_null();
	return 0;
}

/* The pointer (RFC 6901) from the document to the object's pod. The caller frees it. */
static int pod_pointer(const struct manifest_object *object, char **ret_pointer, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf pointer = STRBUF_INIT;

	if (object->item != SIZE_MAX)
		strbuf_printf(&pointer, "/items/%zu", object->item);
	for (const char *const *path = object->workload->path; *path != NULL; path++)
		strbuf_printf(&pointer, "/%s", *path);
	return strbuf_finish(&pointer, ret_pointer, err);
}

/* Sets the pod in the document's value. */
static int set_pod(struct manifest *manifest, const struct manifest_object *object, json_t *pod)
{
	const char *const *path = object->workload->path;
	json_t *parent = object_value(manifest, object);

	if (*path == NULL && object->item != SIZE_MAX)
		return json_array_set(json_object_get(manifest->value, "items"), object->item, pod);
	if (*path == NULL) {
		json_decref(manifest->value);
		manifest->value = json_incref(pod);
		return 0;
	}
	for (; path[1] != NULL; path++)
		parent = json_object_get(parent, *path);
	return json_object_set(parent, *path, pod);
}

int manifest_replace_pod(struct manifest *manifest, const struct manifest_object *object,
			 json_t *pod, const json_t *patch, struct err *err)
{
	CLEANUP(freep) char *pointer = NULL;

	if (json_array_size(patch) == 0)
		return 0;
	int r = pod_pointer(object, &pointer, err);
	if (r == 0)
		r = yaml_patch_apply(&manifest->tree, pointer, patch, err);
	if (r < 0 && r != -ENOTSUP)
		return r;
	manifest->is_to_write_anew = manifest->is_to_write_anew || r == -ENOTSUP;
	manifest->is_changed = true;
	return set_pod(manifest, object, pod) < 0 ? out_of_memory(err) : 0;
}

/* Whether the text, read again, has the value. */
static int read_back(const struct manifest *manifest, const char *text, size_t length,
		     struct err *err)
{
	CLEANUP(yaml_tree_release) struct yaml_tree tree = {0};
	json_auto_t *value = NULL;
	int r = yaml_tree_read(text, length, 1, &tree, err);

	if (r == 0 && tree.root != NULL)
		r = yaml_json(tree.root, YAML_KUBECTL, &value, err);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !json_equal(value, manifest->value))
		return err_set(err, ENOTSUP, "the changed text would mean something else");
	return 0;
}

typedef int write_function(const struct manifest *manifest, struct strbuf *out, struct err *err);

static int write_changes(const struct manifest *manifest, struct strbuf *out, struct err *err)
{
	if (manifest->is_to_write_anew)
		return err_set(err, ENOTSUP, "a change has no place in the text");
	return yaml_render(&manifest->tree, out, err);
}

static int write_anew(const struct manifest *manifest, struct strbuf *out, struct err *err)
{
	return yaml_render_anew(&manifest->tree, manifest->value, out, err);
}

/* Writes in one way, and appends only what was understood when it was read back. */
static int try(const struct manifest *manifest, write_function *write, struct strbuf *out,
	       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	int r = write(manifest, &text, err);

	if (r == 0)
		r = read_back(manifest, text.data, text.length, err);
	if (r < 0)
		return r;
	strbuf_append(out, text.data, text.length);
	return out->is_failed ? out_of_memory(err) : 0;
}

int manifest_write(const struct manifest *manifest, struct strbuf *out, bool *ret_is_anew,
		   struct err *err)
{
	struct err failure = {0};
	int r;

	if (!manifest->is_changed) {
		strbuf_append(out, manifest->tree.text, manifest->tree.length);
		*ret_is_anew = false;
		return out->is_failed ? out_of_memory(err) : 0;
	}
	r = try(manifest, write_changes, out, &failure);
	bool is_anew = r < 0 && r != -ENOMEM;
	if (is_anew)
		r = try(manifest, write_anew, out, &failure);
	if (r < 0) {
		*err = failure;
		return r;
	}
	*ret_is_anew = is_anew;
	return 0;
}

void manifest_release(struct manifest *manifest)
{
	yaml_tree_release(&manifest->tree);
	free(manifest->objects);
	json_decref(manifest->value);
	*manifest = (struct manifest){0};
}
