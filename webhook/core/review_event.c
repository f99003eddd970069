/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/review_event.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json_read.h"
#include "common/base/utf8.h"
#include "common/base/word_list.h"

/* Reasons to leave a pod as it is that are nobody's mistake, and nobody's surprise. */
static const char *const QUIET[] = {"NotPodCreate", "MirrorPod", "PodDeclines", "SystemNamespace",
				    NULL};

static bool is_quiet(const struct inject_decision *decision)
{
	return decision->verdict == INJECT_YES || word_list_has(QUIET, decision->reason);
}

/* Copies a member that must be a text which fits and is not empty. */
static bool copy_member(const json_t *object, const char *key,
			char ret_text[static REVIEW_EVENT_TEXT_SIZE])
{
	const char *text = NULL;
	struct err ignored;

	if (json_read_string(object, key, &text, &ignored) < 0 || text == NULL || *text == '\0' ||
	    strlen(text) >= REVIEW_EVENT_TEXT_SIZE)
		return false;
	memcpy(ret_text, text, strlen(text) + 1);
	return true;
}

/* The pod's controller, of which there is at most one (metav1.OwnerReference). */
static bool find_controller(const json_t *metadata, struct review_event *event)
{
	size_t i;
	json_t *owner;

	json_array_foreach(json_object_get(metadata, "ownerReferences"), i, owner) {
		if (json_is_true(json_object_get(owner, "controller")))
			return copy_member(owner, "apiVersion", event->api_version) &&
			       copy_member(owner, "kind", event->kind) &&
			       copy_member(owner, "name", event->name) &&
			       copy_member(owner, "uid", event->uid);
	}
	return false;
}

/* What a pod is called, as far as anybody knows. */
static const char *name_of(const json_t *metadata)
{
	const char *name = json_string_value(json_object_get(metadata, "name"));

	if (name == NULL || *name == '\0')
		name = json_string_value(json_object_get(metadata, "generateName"));
	return name != NULL && *name != '\0' ? name : "without a name";
}

static void set_namespace(const json_t *metadata, const struct inject_decision *decision,
			  struct review_event *event)
{
	char name[64 + 1];

	snprintf(name, sizeof(name), "%s", name_of(metadata));
	utf8_repair(name);
	snprintf(event->api_version, sizeof(event->api_version), "v1");
	snprintf(event->kind, sizeof(event->kind), "Namespace");
	snprintf(event->name, sizeof(event->name), "%s", decision->namespace_name);
	event->uid[0] = '\0';
	snprintf(event->message, sizeof(event->message), "pod %s: %s", name, decision->sentence);
}

bool review_event_make(const struct inject_question *question,
		       const struct inject_decision *decision, bool is_dry_run,
		       struct review_event *ret_event)
{
	const json_t *metadata = json_object_get(question->pod, "metadata");
	const char *label = question->namespace_label;
	struct review_event event = {.why = decision->reason};
	struct err ignored;

	if (is_dry_run || label == NULL || strcmp(label, "enabled") != 0 || is_quiet(decision) ||
	    namespace_name_check(decision->namespace_name, &ignored) < 0)
		return false;
	snprintf(event.namespace_name, sizeof(event.namespace_name), "%s",
		 decision->namespace_name);
	event.reason = decision->verdict == INJECT_DENY ? "SidewireRefused" : "SidewireNotInjected";
	if (find_controller(metadata, &event))
		snprintf(event.message, sizeof(event.message), "%s", decision->sentence);
	else
		set_namespace(metadata, decision, &event);
	*ret_event = event;
	return true;
}
