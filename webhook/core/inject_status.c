/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject_status.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/gate_volume.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/strategic_merge.h"

enum { STATUS_VERSION = 1 };

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Name and hash of every profile; a new reference, NULL when memory ends. */
static json_t *profiles_of(const struct profile_choice *choice)
{
	json_auto_t *profiles = json_array();

	for (size_t i = 0; i < choice->count; i++) {
		/* _new takes the entry. */
		if (json_array_append_new(profiles,
					  json_pack("{s:s, s:s}", "name", choice->profiles[i]->name,
						    "hash", choice->profiles[i]->hash)) < 0)
			return NULL;
	}
	return json_incref(profiles);
}

/* Whether the element of the pod's list is there because of us. */
static bool is_ours(const struct inject_status *status, const char *list, const char *name)
{
	if (profile_choice_has(status->choice, list, name))
		return true;
	return status->gate == GATE_EXEC && strcmp(list, "volumes") == 0 &&
	       strcmp(name, GATE_VOLUME) == 0;
}

/* The names of those elements of the pod's list that are ours; NULL when memory ends. */
static json_t *names_of(const json_t *pod, const struct inject_status *status, const char *list)
{
	json_auto_t *names = json_array();
	json_t *elements = pod_list(pod, list);
	json_t *element;
	size_t index;

	json_array_foreach(elements, index, element) {
		json_t *name = json_object_get(element, "name");

		if (is_ours(status, list, json_string_value(name)) &&
		    json_array_append(names, name) < 0)
			return NULL;
	}
	return json_incref(names);
}

/* The value of sidewire.io/status, a JSON string; NULL when memory ends. */
static json_t *status_text(const json_t *pod, const struct inject_status *status)
{
	json_auto_t *document = json_pack("{s:i, s:o, s:o, s:o, s:o}", "version", STATUS_VERSION,
					  "profiles", profiles_of(status->choice), "initContainers",
					  names_of(pod, status, "initContainers"), "containers",
					  names_of(pod, status, "containers"), "volumes",
					  names_of(pod, status, "volumes"));
	CLEANUP(freep) char *text = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;

	return text != NULL ? json_string(text) : NULL;
}

/* The value of sidewire.io/redirect, or a null that takes a forged one away. */
static int redirect_text(const struct inject_status *status, json_t **ret_text, struct err *err)
{
	CLEANUP(freep) char *text = NULL;

	if (status->choice->redirecting == NULL) {
		*ret_text = json_null();
		return 0;
	}
	int r = redirect_spec_encode(status->redirect, &text, err);
	if (r < 0)
		return r;
	*ret_text = json_string(text);
	return *ret_text != NULL ? 0 : out_of_memory(err);
}

/* The name of the first container that is the user's; NULL when there is none. */
static json_t *first_application(const json_t *pod, const struct profile_choice *choice)
{
	json_t *containers = pod_list(pod, "containers");
	json_t *container;
	size_t index;

	json_array_foreach(containers, index, container) {
		json_t *name = json_object_get(container, "name");

		if (!profile_choice_has(choice, "containers", json_string_value(name)))
			return name;
	}
	return NULL;
}

int inject_status_write(json_t *pod, const struct inject_status *status, json_t **ret_pod,
			struct err *err)
{
	json_t *application = first_application(pod, status->choice);
	json_t *redirect = NULL;
	int r = redirect_text(status, &redirect, err);

	if (r < 0)
		return r;
	json_auto_t *annotations =
		json_pack("{s:o, s:o}", ANNOTATION_STATUS, status_text(pod, status),
			  ANNOTATION_REDIRECT, redirect);
	json_auto_t *patch = json_pack("{s:{s:O}}", "metadata", "annotations", annotations);
	if (annotations == NULL || patch == NULL)
		return out_of_memory(err);
	if (application != NULL &&
	    annotation_get(pod_annotations(pod), ANNOTATION_DEFAULT_CONTAINER) == NULL &&
	    json_object_set(annotations, ANNOTATION_DEFAULT_CONTAINER, application) < 0)
		return out_of_memory(err);
	return strategic_merge(pod, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, ret_pod, err);
}
