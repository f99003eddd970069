/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/lint_manifest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/redirect_spec.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/lint_annotation.h"
#include "webhook/core/namespace_defaults.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/profile_choice.h"

#define UNREADABLE "the pod cannot be read: "

enum { WHERE_SIZE = 64 }; /* bytes of a path to a pod's metadata */

static const char *const POD_VALUES[] = {"true", "false", NULL};
static const char *const NAMESPACE_VALUES[] = {"enabled", "disabled", NULL};

/* One object on its way. */
struct look {
	struct manifest *manifest;
	const struct manifest_object *object;
	const struct manifest_setting *setting;
	struct lint_report *report;
};

/* Adds a failure of reading, unless it is one of memory. */
static int add_failure(const struct look *look, const struct err *failure, struct err *err)
{
	return lint_report_add_failure(look->report, failure, look->object->node->line, err);
}

/* Whether that is a mode's name, and the mode redirects nothing. */
static bool is_none(const char *name)
{
	enum redirect_mode mode = REDIRECT_MODE_REDIRECT;
	struct err failure;

	return name != NULL && redirect_mode_parse(name, &mode, &failure) == 0 &&
	       mode == REDIRECT_MODE_NONE;
}

static int lint_namespace(const struct look *look, struct err *err)
{
	const struct yaml_node *metadata = yaml_member(look->object->node, "metadata");
	const struct yaml_node *annotations = yaml_member(metadata, "annotations");
	const struct lint_scope scope = {
		.profiles = look->setting->profiles,
		.default_profiles = look->setting->options.default_profiles,
		.is_of_namespace = true,
		.is_mode_none =
			is_none(yaml_text(yaml_member(annotations, ANNOTATION_REDIRECT_MODE))),
	};

	if (lint_labels(yaml_member(metadata, "labels"), NAMESPACE_VALUES, "enabled or disabled",
			look->report, err) < 0)
		return err->code;
	return lint_annotations(annotations, &scope, look->report, err);
}

/* Where the object's pods have their metadata: "spec.template.metadata". */
static void name_place(const struct workload *workload, char ret_where[static WHERE_SIZE])
{
	size_t length = 0;

	for (size_t i = 0; workload->path[i] != NULL; i++)
		length += (size_t)snprintf(ret_where + length, WHERE_SIZE - length, "%s.",
					   workload->path[i]);
	snprintf(ret_where + length, WHERE_SIZE - length, "metadata");
}

/* What the pod's annotations are judged by: the profiles that it gets, where that can be told. */
static int choose(const struct look *look, const struct inject_question *question,
		  struct profile_choice *choice, struct lint_scope *scope, struct err *err)
{
	json_auto_t *annotations = NULL;
	struct err failure = {0};

	*scope = (struct lint_scope){
		.profiles = look->setting->profiles,
		.default_profiles = look->setting->options.default_profiles,
	};
	int r = namespace_defaults_merge(pod_annotations(question->pod),
					 question->namespace_annotations, &annotations, err);
	if (r == 0)
		scope->is_mode_none =
			is_none(annotation_get(annotations, ANNOTATION_REDIRECT_MODE));
	if (r == 0 && scope->profiles->count > 0 &&
	    profile_choose(scope->profiles, scope->default_profiles, annotations, choice,
			   &failure) == 0)
		scope->choice = choice;
	return r;
}

/* What a sentence of a denial is about: an annotation of the pod, or a place in it. */
static const struct yaml_node *blamed(const struct manifest_object *object, const char *sentence)
{
	static const char ANNOTATION[] = "annotation '";
	const struct yaml_node *pod = object->pod != NULL ? object->pod : object->node;
	const struct yaml_node *annotations =
		yaml_resolve(yaml_member(yaml_member(pod, "metadata"), "annotations"));
	const char *name = strstr(sentence, ANNOTATION);

	if (strncmp(sentence, UNREADABLE, strlen(UNREADABLE)) == 0)
		return lint_locate(pod, sentence + strlen(UNREADABLE));
	name = name != NULL ? name + strlen(ANNOTATION) : "";
	for (size_t i = 0; annotations != NULL && i < annotations->count; i++) {
		const struct yaml_node *key = annotations->entries[i].key;
		size_t length = strcspn(name, "'");

		if (key != NULL && strlen(key->text) == length &&
		    memcmp(key->text, name, length) == 0)
			return key;
	}
	return pod;
}

/* What injection says of the pod as a whole; a refusal only where nothing was found before. */
static int lint_injection(const struct look *look, struct inject_question *question, bool is_wrong,
			  struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	const struct manifest_object *object = look->object;
	const struct yaml_node *pod = object->pod != NULL ? object->pod : object->node;

	question->namespace_label = "enabled";
	if (inject(question, look->setting->profiles, &look->setting->options, &result, err) < 0)
		return err->code;
	const char *sentence = result.decision.sentence;
	if (result.decision.verdict == INJECT_DENY && !is_wrong &&
	    lint_report_add(look->report, LINT_ERROR, blamed(object, sentence), err, "%s",
			    sentence) < 0)
		return err->code;
	for (size_t i = 0; i < result.warning_count; i++) {
		if (lint_report_add(look->report, LINT_WARNING, pod, err, "%s",
				    inject_warning_text(result.warnings[i])) < 0)
			return err->code;
	}
	return 0;
}

static bool has_errors(const struct lint_report *report, size_t before)
{
	for (size_t i = before; i < report->count; i++) {
		if (report->items[i].severity == LINT_ERROR)
			return true;
	}
	return false;
}

static int lint_pod(const struct look *look, struct err *err)
{
	const struct manifest_object *object = look->object;
	const struct yaml_node *metadata = yaml_member(object->pod, "metadata");
	struct inject_question question = {0};
	struct profile_choice choice;
	struct lint_scope scope;
	struct err failure = {0};
	size_t before = look->report->count;
	json_t *pod = NULL;
	int r = manifest_pod(look->manifest, object, &pod, &failure);

	if (r == 0)
		r = manifest_question(look->setting, object, pod, &question, &failure);
	if (r != 0)
		return add_failure(look, &failure, err);
	r = choose(look, &question, &choice, &scope, err);
	if (r == 0)
		r = lint_labels(yaml_member(metadata, "labels"), POD_VALUES,
				"\"true\" or \"false\"", look->report, err);
	if (r == 0)
		r = lint_annotations(yaml_member(metadata, "annotations"), &scope, look->report,
				     err);
	if (r < 0 || scope.profiles->count == 0)
		return r;
	return lint_injection(look, &question, has_errors(look->report, before), err);
}

static int lint_object(const struct look *look, struct err *err)
{
	const struct manifest_object *object = look->object;
	const struct yaml_node *metadata = yaml_member(object->node, "metadata");
	char where[WHERE_SIZE];
	int r = 0;

	if (strcmp(object->kind, "Namespace") == 0 && strcmp(object->api_version, "v1") == 0)
		return lint_namespace(look, err);
	if (object->is_list)
		return lint_report_add(
			look->report, LINT_WARNING, object->node, err,
			"a list inside of a list: what is in it is not looked at; put "
			"its items into the outer one");
	if (object->workload == NULL)
		return lint_misplaced(metadata, object->kind, NULL, look->report, err);
	if (object->workload->path[0] != NULL) {
		name_place(object->workload, where);
		r = lint_misplaced(metadata, object->kind, where, look->report, err);
	}
	return r == 0 ? lint_pod(look, err) : r;
}

int lint_manifest(struct manifest *manifest, const struct manifest_setting *setting,
		  struct lint_report *report, struct err *err)
{
	for (size_t i = 0; i < manifest->count; i++) {
		const struct look look = {manifest, &manifest->objects[i], setting, report};

		if (lint_object(&look, err) < 0)
			return err->code;
	}
	return 0;
}
