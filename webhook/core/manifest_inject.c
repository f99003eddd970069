/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/manifest_inject.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "webhook/core/json_diff.h"
#include "webhook/core/uninject.h"

int manifest_question(const struct manifest_setting *setting, const struct manifest_object *object,
		      json_t *pod, struct inject_question *ret_question, struct err *err)
{
	const char *name =
		object->namespace_name != NULL ? object->namespace_name : setting->namespace_name;
	const struct namespace_facts *facts = manifest_namespaces_find(setting->namespaces, name);

	if (facts == NULL && setting->namespaces->count > 0)
		return err_set(err, EINVAL,
			       "nothing is known of namespace '%.64s': it is in none of the "
			       "namespace files",
			       name);
	*ret_question = (struct inject_question){
		.operation = "CREATE",
		.resource = "pods",
		.subresource = "",
		.namespace_name = name,
		.namespace_label = facts != NULL ? facts->label : NULL,
		.namespace_annotations = facts != NULL ? facts->annotations : NULL,
		.own_namespace = setting->own_namespace,
		.pod = pod,
	};
	return 0;
}

int manifest_inject(struct manifest *manifest, const struct manifest_object *object,
		    const struct manifest_setting *setting, struct inject_result *ret_result,
		    struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	struct inject_question question;
	json_t *pod = NULL;
	int r = manifest_pod(manifest, object, &pod, err);

	if (r == 0)
		r = manifest_question(setting, object, pod, &question, err);
	if (r < 0)
		return r;
	question.is_asked = true;
	r = inject(&question, setting->profiles, &setting->options, &result, err);
	if (r == 0 && result.pod != NULL)
		r = manifest_replace_pod(manifest, object, result.pod, result.patch, err);
	if (r < 0)
		return r;
	*ret_result = result;
	result = (struct inject_result){0};
	return 0;
}

int manifest_uninject(struct manifest *manifest, const struct manifest_object *object, json_t *left,
		      bool *ret_is_changed, struct err *err)
{
	json_auto_t *original = NULL;
	json_auto_t *patch = NULL;
	json_t *pod = NULL;
	int r = manifest_pod(manifest, object, &pod, err);

	if (r == 0)
		r = uninject(pod, left, &original, err);
	if (r == 0)
		r = json_diff(pod, original, &patch, err);
	if (r == 0)
		r = manifest_replace_pod(manifest, object, original, patch, err);
	if (r == 0)
		*ret_is_changed = json_array_size(patch) > 0;
	return r;
}
