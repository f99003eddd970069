/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/manifest_inject.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "common/vocabulary.h"

int manifest_question(const struct manifest_setting *setting, const struct manifest_object *object,
		      json_t *pod, struct inject_question *ret_question, struct err *err)
{
	const char *name =
		object->namespace_name != NULL ? object->namespace_name : setting->namespace_name;
	const struct namespace_info *info = namespace_set_find(setting->namespaces, name);

	if (info == NULL && setting->namespaces->count > 0)
		return err_set(err, EINVAL,
			       "nothing is known of namespace '%.64s': it is in none of the "
			       "namespace files",
			       name);
	*ret_question = (struct inject_question){
		.operation = "CREATE",
		.resource = "pods",
		.subresource = "",
		.namespace_name = name,
		.namespace_label = info != NULL ? info->label : NULL,
		.namespace_annotations = info != NULL ? info->annotations : NULL,
		.own_namespace = setting->own_namespace,
		.pod = pod,
	};
	return 0;
}

/* Whether members can be added to it. */
static bool is_open(const json_t *value)
{
	return value == NULL || json_is_null(value) || json_is_object(value);
}

/* An object with the members of the value, which is open. NULL without memory. */
static json_t *copy_open(json_t *value)
{
	return json_is_object(value) ? json_copy(value) : json_object();
}

/* The pod with the label that asks for injection, unless it has one. What is malformed stays: it is
 * refused later. The caller owns *ret_pod. */
static int ask(json_t *pod, json_t **ret_pod, struct err *err)
{
	json_t *metadata = json_object_get(pod, "metadata");
	json_t *labels = json_object_get(metadata, "labels");

	if (!json_is_object(pod) || !is_open(metadata) || !is_open(labels) ||
	    json_object_get(labels, LABEL_INJECT) != NULL) {
		*ret_pod = json_incref(pod);
		return 0;
	}
	json_auto_t *asking = json_copy(pod);
	json_auto_t *own_metadata = copy_open(metadata);
	json_auto_t *own_labels = copy_open(labels);
	/* _new takes the text, and fails for NULL. */
	if (json_object_set_new(own_labels, LABEL_INJECT, json_string("true")) < 0 ||
	    json_object_set(own_metadata, "labels", own_labels) < 0 ||
	    json_object_set(asking, "metadata", own_metadata) < 0)
		return err_set(err, ENOMEM, "out of memory");
	*ret_pod = TAKE(asking);
	return 0;
}

int manifest_inject(struct manifest *manifest, const struct manifest_object *object,
		    const struct manifest_setting *setting, struct inject_result *ret_result,
		    bool *ret_is_changed, struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	struct inject_question question;
	json_auto_t *asking = NULL;
	json_t *pod = NULL;
	bool was_changed = manifest->is_changed;
	int r = manifest_pod(manifest, object, &pod, err);

	if (r == 0)
		r = ask(pod, &asking, err);
	if (r == 0)
		r = manifest_question(setting, object, asking, &question, err);
	if (r == 0)
		r = inject(&question, setting->profiles, &setting->options, &result, err);
	if (r < 0)
		return r;
	manifest->is_changed = false;
	if (result.pod != NULL)
		r = manifest_replace_pod(manifest, object, result.pod, err);
	if (r < 0)
		return r;
	*ret_is_changed = manifest->is_changed;
	manifest->is_changed = manifest->is_changed || was_changed;
	*ret_result = result;
	result = (struct inject_result){0};
	return 0;
}
