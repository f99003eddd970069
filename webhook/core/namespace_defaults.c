/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/namespace_defaults.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* The annotations that are ours; NULL for none. The caller owns *ret_ours. */
static int read_defaults(json_t *annotations, json_t **ret_ours, struct err *err)
{
	json_auto_t *ours = NULL;
	const char *key;
	json_t *value;

	json_object_foreach(annotations, key, value) {
		if (!annotation_is_ours(key))
			continue;
		if (!json_is_string(value))
			return err_set(err, EINVAL, "annotation '%.64s' must be a text, found %s",
				       key, json_type_name(value));
		if (ours == NULL)
			ours = json_object();
		if (json_object_set(ours, key, value) < 0)
			return out_of_memory(err);
	}
	*ret_ours = TAKE(ours);
	return 0;
}

int namespace_facts_read(const json_t *object, struct namespace_facts *ret_facts, struct err *err)
{
	struct namespace_facts facts = {0};
	json_t *metadata = NULL;
	json_t *labels = NULL;
	json_t *annotations = NULL;
	int r = json_read_object(object, "metadata", &metadata, err);

	if (r == 0)
		r = json_read_string(metadata, "name", &facts.name, err);
	if (r == 0)
		r = json_read_object(metadata, "labels", &labels, err);
	if (r == 0)
		r = json_read_string(labels, LABEL_INJECT, &facts.label, err);
	if (r == 0)
		r = json_read_object(metadata, "annotations", &annotations, err);
	if (r == 0 && (facts.name == NULL || *facts.name == '\0'))
		r = err_set(err, EINVAL, "'name' is missing");
	if (r == 0)
		r = read_defaults(annotations, &facts.annotations, err);
	if (r < 0)
		return r == -ENOMEM ? r : err_wrap(err, "this is no Namespace");
	*ret_facts = facts;
	return 0;
}

void namespace_facts_release(struct namespace_facts *facts)
{
	json_decref(facts->annotations);
	*facts = (struct namespace_facts){0};
}

int namespace_defaults_merge(json_t *own, json_t *defaults, json_t **ret_annotations,
			     struct err *err)
{
	if (defaults == NULL) {
		*ret_annotations = json_incref(own);
		return 0;
	}
	/* Not by json_copy(): where memory ends midway, that leaves members out and does not say
	 * so.
	 */
	json_auto_t *merged = json_object();
	if (merged == NULL || json_object_update(merged, defaults) < 0 ||
	    (own != NULL && json_object_update(merged, own) < 0))
		return out_of_memory(err);
	*ret_annotations = TAKE(merged);
	return 0;
}

enum annotation_origin namespace_defaults_origin(const json_t *own, const json_t *defaults,
						 const char *key)
{
	if (json_object_get(own, key) != NULL)
		return ANNOTATION_OF_POD;
	return json_object_get(defaults, key) != NULL ? ANNOTATION_OF_NAMESPACE
						      : ANNOTATION_OF_NOBODY;
}
