/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/utf8.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/gate.h"
#include "webhook/core/inject_order.h"
#include "webhook/core/inject_status.h"
#include "webhook/core/json_diff.h"
#include "webhook/core/overlay_apply.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/probe_warning.h"
#include "webhook/core/profile_choice.h"
#include "webhook/core/redirect_conflict.h"
#include "webhook/core/redirect_list.h"
#include "webhook/core/redirect_resolve.h"
#include "webhook/core/token_mount.h"

enum {
	STATUS_BAD_REQUEST = 400,   /* the pod is none */
	STATUS_UNPROCESSABLE = 422, /* it is one, but what it asks for cannot be */
};

/* One injection on its way: each step reads what those before it have left. */
struct injection {
	const struct inject_question *question; /* borrowed, as are the next three */
	json_t *original;
	const struct profile_set *profiles;
	const struct inject_options *options;
	json_t *annotations; /* of the original, and its namespace's as defaults; NULL when there
				are none; owned */
	struct profile_choice choice;
	json_t *overlays[PROFILE_CHOICE_MAX]; /* of the chosen, parameters put in; owned */
	struct redirect_spec redirect;        /* owned */
	enum gate gate;
	json_t *pod;                  /* as far as it is; owned */
	json_t *patch;                /* owned */
	struct inject_result *result; /* borrowed; gets the warnings */
};

static void injection_release(struct injection *injection)
{
	for (size_t i = 0; i < PROFILE_CHOICE_MAX; i++)
		json_decref(injection->overlays[i]);
	json_decref(injection->annotations);
	redirect_spec_release(&injection->redirect);
	json_decref(injection->pod);
	json_decref(injection->patch);
	*injection = (struct injection){0};
}

/* Adds a warning for whoever creates the pod; those that find no room are left out. */
__attribute__((format(printf, 2, 3))) static void warn(struct inject_result *result,
						       const char *format, ...)
{
	va_list args;

	if (result->warning_count == INJECT_WARNINGS_MAX)
		return;
	char *warning = result->warnings[result->warning_count++];
	va_start(args, format);
	vsnprintf(warning, INJECT_WARNING_SIZE, format, args);
	va_end(args);
	utf8_repair(warning);
}

/* Puts the next form of the pod in place of the one before. */
static void advance(struct injection *injection, json_t *next)
{
	json_decref(injection->pod);
	injection->pod = next;
}

static int check_shape(struct injection *injection, struct err *err)
{
	int r = pod_shape_check(injection->original, err);

	if (r < 0)
		return r == -ENOMEM ? r : err_wrap(err, "the pod cannot be read");
	return annotation_with_defaults(pod_annotations(injection->original),
					injection->question->namespace_annotations,
					&injection->annotations, err);
}

static int check_annotations(struct injection *injection, struct err *err)
{
	return annotation_check(injection->annotations, err);
}

static int choose_profiles(struct injection *injection, struct err *err)
{
	return profile_choose(injection->profiles, injection->options->default_profiles,
			      injection->annotations, &injection->choice, err);
}

static int resolve(struct injection *injection, struct err *err)
{
	const struct profile *profile = injection->choice.redirecting;

	if (profile == NULL)
		return annotation_refuse_redirect(injection->annotations, err);
	return redirect_resolve(profile, injection->annotations, &injection->redirect,
				&injection->gate, err);
}

/* Puts the values of a profile's parameters into its overlay. */
static int render_profile(const struct profile *profile, json_t *annotations, json_t **ret_overlay,
			  struct err *err)
{
	json_auto_t *values = NULL;
	int r = profile_values(profile, annotations, &values, err);

	return r == 0 ? parameter_render(profile->pod, values, ret_overlay, err) : r;
}

static int render(struct injection *injection, struct err *err)
{
	const struct profile_choice *choice = &injection->choice;
	int r = profile_choice_check_parameters(choice, injection->annotations, err);

	for (size_t i = 0; r == 0 && i < choice->count; i++)
		r = render_profile(choice->profiles[i], injection->annotations,
				   &injection->overlays[i], err);
	return r;
}

static int merge(struct injection *injection, struct err *err)
{
	for (size_t i = 0; i < injection->choice.count; i++) {
		json_t *next = NULL;
		int r = overlay_apply(injection->pod, injection->overlays[i], &next, err);

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			return err_wrap(err, "profile '%s'", injection->choice.profiles[i]->name);
		advance(injection, next);
	}
	return 0;
}

/*
 * The user's own container may have what keeps the gate out. Then there is none, and the user hears
 * of it; whoever asks for the gate at the same time contradicts himself.
 */
static int check_gate_obstacle(struct injection *injection, const struct gate_request *request,
			       struct err *err)
{
	const json_t *overlay = injection->choice.redirecting->pod;
	const char *obstacle = gate_obstacle(injection->original, overlay, request);

	if (obstacle == NULL)
		return 0;
	if (annotation_get(injection->annotations, ANNOTATION_GATE) != NULL)
		return err_set(err, EINVAL,
			       "annotation '" ANNOTATION_GATE
			       "' asks for the gate, but container '%s' of the pod has a %s of its "
			       "own in the gate's place: take one of the two away",
			       request->container, obstacle);
	warn(injection->result,
	     "sidewire: no gate: container '%.32s' of the pod has a %s of its own",
	     request->container, obstacle);
	return 0;
}

static int close_gate(struct injection *injection, struct err *err)
{
	const struct profile *profile = injection->choice.redirecting;
	json_t *next = NULL;

	if (profile == NULL || injection->gate == GATE_NONE)
		return 0;
	const struct gate_request request = {.gate = injection->gate,
					     .port = injection->redirect.gate_port,
					     .container = profile->container,
					     .image = injection->options->gate_image};
	int r = check_gate_obstacle(injection, &request, err);
	if (r == 0)
		r = gate_apply(injection->pod, &request, &next, err);
	if (r == 0)
		advance(injection, next);
	return r;
}

static int check_conflicts(struct injection *injection, struct err *err)
{
	if (injection->choice.redirecting == NULL || injection->redirect.mode == REDIRECT_MODE_NONE)
		return 0;
	return redirect_conflict_check(injection->pod, injection->choice.redirecting,
				       &injection->redirect, err);
}

/* Until probes can be changed (annotation `probes`), whoever writes one that is blind hears of it.
 */
static void warn_of_probes(struct injection *injection)
{
	const struct profile *profile = injection->choice.redirecting;
	struct blind_probe probe;

	if (profile == NULL ||
	    !probe_warning_find(injection->original, profile->pod, &injection->redirect, &probe))
		return;
	warn(injection->result,
	     "sidewire: the tcpSocket %s of '%.32s' will be answered by the proxy; use http, grpc "
	     "or exec",
	     probe.member, probe.container);
}

static int mount_token(struct injection *injection, struct err *err)
{
	json_t *next = NULL;
	int r = token_mount_add(injection->original, injection->pod, &next, err);

	if (r == 0)
		advance(injection, next);
	return r;
}

static int order(struct injection *injection, struct err *err)
{
	json_t *next = NULL;
	int r = inject_order(injection->original, injection->pod, &next, err);

	if (r == 0)
		advance(injection, next);
	return r;
}

/* Whoever is asked for has the label that says so, wherever it is sent. */
static int label(struct injection *injection, struct err *err)
{
	json_t *metadata = json_object_get(injection->pod, "metadata");
	json_t *labels = json_object_get(metadata, "labels");

	if (!injection->question->is_asked || json_object_get(labels, LABEL_INJECT) != NULL)
		return 0;
	json_auto_t *pod = json_copy(injection->pod);
	json_auto_t *own_metadata = json_is_object(metadata) ? json_copy(metadata) : json_object();
	json_auto_t *own_labels = json_is_object(labels) ? json_copy(labels) : json_object();
	/* _new takes the text, and fails for NULL. */
	if (json_object_set_new(own_labels, LABEL_INJECT, json_string("true")) < 0 ||
	    json_object_set(own_metadata, "labels", own_labels) < 0 ||
	    json_object_set(pod, "metadata", own_metadata) < 0)
		return err_set(err, ENOMEM, "out of memory");
	advance(injection, TAKE(pod));
	return 0;
}

static int write_status(struct injection *injection, struct err *err)
{
	const struct inject_status status = {injection->original, &injection->choice,
					     &injection->redirect};
	json_t *next = NULL;
	int r = inject_status_write(injection->pod, &status, &next, err);

	if (r == 0)
		advance(injection, next);
	if (r == -E2BIG)
		return err_wrap(err, "annotation '%s' is too long",
				redirect_list_longest(injection->annotations));
	return r;
}

static int diff(struct injection *injection, struct err *err)
{
	return json_diff(injection->original, injection->pod, &injection->patch, err);
}

/* What is done, in this order, and what a failure of it means. */
static const struct step {
	int (*run)(struct injection *injection, struct err *err);
	const char *reason; /* of a denial */
	int status;
} STEPS[] = {
	{check_shape, INJECT_MALFORMED_POD, STATUS_BAD_REQUEST},
	{check_annotations, "BadAnnotation", STATUS_UNPROCESSABLE},
	{choose_profiles, "BadProfiles", STATUS_UNPROCESSABLE},
	{resolve, "BadAnnotation", STATUS_UNPROCESSABLE},
	{render, "BadParameter", STATUS_UNPROCESSABLE},
	{merge, "MergeConflict", STATUS_UNPROCESSABLE},
	{close_gate, "NoGate", STATUS_UNPROCESSABLE},
	{check_conflicts, "RedirectConflict", STATUS_UNPROCESSABLE},
	{mount_token, "MergeConflict", STATUS_UNPROCESSABLE},
	{order, "MergeConflict", STATUS_UNPROCESSABLE},
	{label, INJECT_MALFORMED_POD, STATUS_BAD_REQUEST},
	{write_status, "BadAnnotation", STATUS_UNPROCESSABLE},
	{diff, "MergeConflict", STATUS_UNPROCESSABLE},
};
enum { STEP_COUNT = sizeof(STEPS) / sizeof(*STEPS) };

/* Whether the sentence names an annotation that the pod has from its namespace. */
static bool names_default(const struct injection *injection, const char *sentence)
{
	json_t *own = pod_annotations(injection->original);
	char quoted[INJECT_SENTENCE_SIZE];
	const char *key;
	json_t *value;

	json_object_foreach(injection->annotations, key, value) {
		snprintf(quoted, sizeof(quoted), "annotation '%s'", key);
		if (json_object_get(own, key) == NULL && strstr(sentence, quoted) != NULL)
			return true;
	}
	return false;
}

static void deny(const struct injection *injection, const struct step *step, const struct err *err,
		 struct inject_result *result)
{
	struct inject_decision *decision = &result->decision;
	struct err said = *err;

	if (names_default(injection, err->msg))
		err_wrap(&said, "of the pod's namespace");
	decision->verdict = INJECT_DENY;
	decision->reason = step->reason;
	snprintf(decision->sentence, sizeof(decision->sentence), "%s", said.msg);
	utf8_repair(decision->sentence);
	result->status = step->status;
}

static int name_profiles(const struct profile_choice *choice, char **ret_names, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < choice->count; i++)
		strbuf_printf(&names, "%s%s", i > 0 ? "," : "", choice->profiles[i]->name);
	return strbuf_finish(&names, ret_names, err);
}

/* Runs all steps. A failure that is the pod's own becomes a denial. */
static int carry_out(struct injection *injection, struct inject_result *result, struct err *err)
{
	for (size_t i = 0; i < STEP_COUNT; i++) {
		struct err failure = {0};
		int r = STEPS[i].run(injection, &failure);

		if (r == -ENOMEM) {
			*err = failure;
			return r;
		}
		if (r < 0) {
			deny(injection, &STEPS[i], &failure, result);
			return 0;
		}
	}
	warn_of_probes(injection);
	int r = name_profiles(&injection->choice, &result->profiles, err);
	if (r < 0)
		return r;
	result->pod = TAKE(injection->pod);
	result->patch = TAKE(injection->patch);
	return 0;
}

/* The HTTP status of a denial that the decision alone came to. */
static int status_of(const struct inject_decision *decision)
{
	if (decision->verdict != INJECT_DENY)
		return 0;
	return strcmp(decision->reason, INJECT_MALFORMED_POD) == 0 ? STATUS_BAD_REQUEST
								   : STATUS_UNPROCESSABLE;
}

int inject(const struct inject_question *question, const struct profile_set *profiles,
	   const struct inject_options *options, struct inject_result *ret_result, struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	CLEANUP(injection_release)
	struct injection injection = {.question = question,
				      .original = question->pod,
				      .profiles = profiles,
				      .options = options,
				      .pod = json_incref(question->pod),
				      .result = &result};
	int r = 0;

	inject_decide(question, &result.decision);
	result.status = status_of(&result.decision);
	if (*result.decision.warning != '\0')
		warn(&result, "%s", result.decision.warning);
	if (result.decision.verdict == INJECT_YES)
		r = carry_out(&injection, &result, err);
	if (r < 0)
		return r;
	*ret_result = result;
	result = (struct inject_result){0};
	return 0;
}

const char *inject_warning_text(const char *warning)
{
	static const char PREFIX[] = "sidewire: ";

	return strncmp(warning, PREFIX, strlen(PREFIX)) == 0 ? warning + strlen(PREFIX) : warning;
}

void inject_result_release(struct inject_result *result)
{
	json_decref(result->pod);
	json_decref(result->patch);
	free(result->profiles);
	*result = (struct inject_result){0};
}
