/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/inject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/utf8.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/app_overlay.h"
#include "webhook/core/gate.h"
#include "webhook/core/inject_order.h"
#include "webhook/core/inject_status.h"
#include "webhook/core/inject_warnings.h"
#include "webhook/core/json_diff.h"
#include "webhook/core/label_trim.h"
#include "webhook/core/namespace_defaults.h"
#include "webhook/core/other_mesh.h"
#include "webhook/core/overlay_apply.h"
#include "webhook/core/overlay_check.h"
#include "webhook/core/pod_nameservers.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/probe_adapt.h"
#include "webhook/core/profile_choice.h"
#include "webhook/core/redirect_conflict.h"
#include "webhook/core/redirect_list.h"
#include "webhook/core/redirect_resolve.h"
#include "webhook/core/token_mount.h"
#include "webhook/core/tproxy_privilege.h"

enum {
	STATUS_BAD_REQUEST = 400,   /* the pod is none */
	STATUS_UNPROCESSABLE = 422, /* it is one, but what it asks for cannot be */
	STATUS_UNAVAILABLE = 503,   /* it may be right, but that cannot be known now */
};

/* One injection on its way: each step reads what those before it have left. */
struct injection {
	const struct inject_question *question; /* borrowed, as are the next three */
	const struct profile_set *profiles;
	const struct inject_options *options;
	json_t *original;    /* the question's pod */
	json_t *own;         /* its annotations, borrowed; NULL when it has none */
	json_t *annotations; /* these, and its namespace's defaults; owned; NULL: none */
	struct profile_choice choice;
	char *names;                          /* of the chosen, a comma list; owned */
	json_t *overlays[PROFILE_CHOICE_MAX]; /* of the chosen, parameters put in; owned */
	json_t *apps[PROFILE_CHOICE_MAX];     /* the same, on application containers; NULL: none */
	struct redirect_spec redirect;        /* owned */
	enum gate gate;
	enum probe_mode probes;
	json_t *pod;                  /* as far as it is; owned */
	json_t *patch;                /* owned */
	struct inject_result *result; /* borrowed; gets the warnings */
};

static void injection_release(struct injection *injection)
{
	for (size_t i = 0; i < PROFILE_CHOICE_MAX; i++) {
		json_decref(injection->overlays[i]);
		json_decref(injection->apps[i]);
	}
	free(injection->names);
	redirect_spec_release(&injection->redirect);
	json_decref(injection->annotations);
	json_decref(injection->pod);
	json_decref(injection->patch);
	*injection = (struct injection){0};
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

	injection->own = pod_annotations(injection->original);
	return r < 0 && r != -ENOMEM ? err_wrap(err, "the pod cannot be read") : r;
}

static int check_namespace(struct injection *injection, struct err *err)
{
	const struct err *trouble = injection->question->namespace_trouble;

	return trouble != NULL ? err_set(err, -trouble->code, "%s", trouble->msg) : 0;
}

/* Whether an annotation in force is a default of the namespace. */
static bool is_default(const struct injection *injection, const char *key)
{
	return namespace_defaults_origin(injection->own, injection->question->namespace_annotations,
					 key) == ANNOTATION_OF_NAMESPACE;
}

static int check_annotations(struct injection *injection, struct err *err)
{
	json_t *defaults = injection->question->namespace_annotations;
	int r = annotation_check_defaults(defaults, err);

	if (r == 0)
		r = namespace_defaults_merge(injection->own, defaults, &injection->annotations,
					     err);
	return r == 0 ? annotation_check(injection->annotations, err) : r;
}

static int name_profiles(const struct profile_choice *choice, char **ret_names, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < choice->count; i++)
		strbuf_printf(&names, "%s%s", i > 0 ? "," : "", choice->profiles[i]->name);
	return strbuf_finish(&names, ret_names, err);
}

static int choose_profiles(struct injection *injection, struct err *err)
{
	int r = profile_choose(injection->profiles, injection->options->default_profiles,
			       injection->annotations, &injection->choice, err);

	if (r < 0)
		return r;
	profile_choice_drop_defaults(&injection->choice, injection->profiles, injection->own,
				     injection->annotations);
	return name_profiles(&injection->choice, &injection->names, err);
}

static int resolve(struct injection *injection, struct err *err)
{
	const struct profile *profile = injection->choice.redirecting;

	if (profile == NULL)
		return annotation_refuse_redirect(injection->annotations, err);
	int r = probe_mode_read(injection->annotations, &injection->probes, err);
	return r == 0 ? redirect_resolve(profile, injection->annotations, &injection->redirect,
					 &injection->gate, err)
		      : r;
}

static int capture_nameservers(struct injection *injection, struct err *err)
{
	struct redirect_spec *spec = &injection->redirect;

	return spec->dns_port != 0
		       ? pod_nameservers_add(injection->original, &spec->dns_servers, err)
		       : 0;
}

/* Whether the pod's traffic is redirected. */
static bool redirects(const struct injection *injection)
{
	return injection->choice.redirecting != NULL &&
	       injection->redirect.mode != REDIRECT_MODE_NONE;
}

/* Where another mesh has the traffic already, the pod is left alone, and the user hears of it. */
static int yield_to_other_mesh(struct injection *injection, struct err *err)
{
	struct inject_decision *decision = &injection->result->decision;
	const struct other_mesh *mesh = NULL;

	(void)err;
	if (redirects(injection))
		mesh = other_mesh_find(injection->original, &injection->choice);
	if (mesh == NULL)
		return 0;
	decision->verdict = INJECT_SKIP;
	decision->reason = "OtherMesh";
	snprintf(decision->sentence, sizeof(decision->sentence),
		 "the pod has the sidecar '%s' of %s, and two proxies would redirect the same "
		 "traffic",
		 mesh->container, mesh->name);
	inject_warn(injection->result, "sidewire: not injected: the pod has the sidecar '%s' of %s",
		    mesh->container, mesh->name);
	return 0;
}

/* Puts the values of a profile's parameters into its overlays. */
static int render_profile(struct injection *injection, size_t at, struct err *err)
{
	const struct profile *profile = injection->choice.profiles[at];
	json_auto_t *values = NULL;
	json_auto_t *overlay = NULL;
	int r = profile_values(profile, injection->annotations, &values, err);

	if (r == 0)
		r = parameter_render(profile->pod, values, &overlay, err);
	if (r == 0)
		r = label_trim(&overlay, err);
	if (r == 0 && profile->apps != NULL)
		r = parameter_render(profile->apps, values, &injection->apps[at], err);
	if (r != 0)
		return r;
	/* Two parameters of one value may have made two keys one. */
	if (overlay_check(overlay, err) < 0)
		return err_wrap(err, "profile '%s'", profile->name);
	injection->overlays[at] = TAKE(overlay);
	return 0;
}

static int render(struct injection *injection, struct err *err)
{
	const struct profile_choice *choice = &injection->choice;
	int r = profile_choice_check_parameters(choice, injection->annotations, err);

	for (size_t i = 0; r == 0 && i < choice->count; i++)
		r = render_profile(injection, i, err);
	return r;
}

static int merge(struct injection *injection, struct err *err)
{
	const struct app_overlays apps = {&injection->choice, injection->apps};
	json_t *next = NULL;
	int r = overlay_apply(injection->pod, injection->overlays, injection->choice.count, &next,
			      err);

	if (r == 0) {
		advance(injection, next);
		r = app_overlay_apply(injection->pod, &apps, &next, err);
	}
	if (r == 0)
		advance(injection, next);
	return r < 0 && r != -ENOMEM ? err_wrap(err, "profile '%s'", injection->names) : r;
}

/* What of the user's own container keeps the gate out; NULL where a profile keeps it out, too. */
static const char *find_gate_obstacle(const struct injection *injection,
				      const struct gate_request *request)
{
	const struct profile_choice *choice = &injection->choice;
	const char *obstacle = NULL;

	for (size_t i = 0; i < choice->count; i++) {
		obstacle = gate_obstacle(injection->original, choice->profiles[i]->pod, request);
		if (obstacle == NULL)
			return NULL;
	}
	return obstacle;
}

/*
 * The user's own container may have what keeps the gate out. Then there is none, and the user hears
 * of it; whoever asks for the gate at the same time contradicts himself.
 */
static int check_gate_obstacle(struct injection *injection, const struct gate_request *request,
			       struct err *err)
{
	const char *obstacle = find_gate_obstacle(injection, request);

	if (obstacle == NULL)
		return 0;
	if (annotation_get(injection->own, ANNOTATION_GATE) != NULL)
		return err_set(err, EINVAL,
			       "annotation '" ANNOTATION_GATE
			       "' asks for the gate, but container '%s' of the pod has a %s of its "
			       "own in the gate's place: take one of the two away",
			       request->container, obstacle);
	inject_warn(injection->result,
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

static int adapt_probes(struct injection *injection, struct err *err)
{
	const struct probe_request request = {.mode = injection->probes,
					      .profile = injection->choice.redirecting,
					      .image = injection->options->gate_image,
					      .image_volumes = injection->options->image_volumes};
	json_t *next = NULL;

	if (request.profile == NULL)
		return 0;
	int r = probe_adapt(injection->pod, &request, &injection->redirect, &next, err);
	if (r == 0)
		advance(injection, next);
	return r;
}

static int check_conflicts(struct injection *injection, struct err *err)
{
	const struct profile *profile = injection->choice.redirecting;

	if (!redirects(injection))
		return 0;
	int r = redirect_conflict_check(injection->pod, profile, &injection->redirect, err);
	if (r == 0 && tproxy_privilege_is_needed(injection->redirect.mode))
		r = tproxy_privilege_check(injection->pod, profile->container,
					   injection->annotations, err);
	return r;
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
	int r = inject_order(injection->original, injection->pod, &injection->choice, &next, err);

	if (r == 0)
		advance(injection, next);
	return r;
}

/* Whoever is asked for has the label that says so, wherever it is sent. */
static int label(struct injection *injection, struct err *err)
{
	json_t *labels = json_object_get(json_object_get(injection->pod, "metadata"), "labels");
	json_t *next = NULL;

	if (!injection->question->is_asked || json_object_get(labels, LABEL_INJECT) != NULL)
		return 0;
	json_auto_t *overlay =
		json_pack("{s:{s:{s:s}}}", "metadata", "labels", LABEL_INJECT, "true");
	if (overlay == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = overlay_apply(injection->pod, &overlay, 1, &next, err);
	if (r == 0)
		advance(injection, next);
	return r;
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
	{check_namespace, "NamespaceUnknown", STATUS_UNPROCESSABLE},
	{check_annotations, "BadAnnotation", STATUS_UNPROCESSABLE},
	{choose_profiles, "BadProfiles", STATUS_UNPROCESSABLE},
	{resolve, "BadAnnotation", STATUS_UNPROCESSABLE},
	{capture_nameservers, "RedirectConflict", STATUS_UNPROCESSABLE},
	{yield_to_other_mesh, "OtherMesh", STATUS_UNPROCESSABLE},
	{render, "BadParameter", STATUS_UNPROCESSABLE},
	{merge, "MergeConflict", STATUS_UNPROCESSABLE},
	{close_gate, "NoGate", STATUS_UNPROCESSABLE},
	{adapt_probes, "NoProbes", STATUS_UNPROCESSABLE},
	{check_conflicts, "RedirectConflict", STATUS_UNPROCESSABLE},
	{mount_token, "MergeConflict", STATUS_UNPROCESSABLE},
	{order, "MergeConflict", STATUS_UNPROCESSABLE},
	{label, "MergeConflict", STATUS_UNPROCESSABLE},
	{write_status, "BadAnnotation", STATUS_UNPROCESSABLE},
	{diff, "MergeConflict", STATUS_UNPROCESSABLE},
};
enum { STEP_COUNT = sizeof(STEPS) / sizeof(*STEPS) };

/* Where a sentence is about an annotation of the namespace, whoever made the pod looks there. */
static void say_where(const struct injection *injection, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(injection->question->namespace_annotations, key, value) {
		if (!annotation_is_subject(key, err->msg))
			continue;
		if (is_default(injection, key))
			err_wrap(err, "namespace '%.64s'",
				 injection->result->decision.namespace_name);
		return;
	}
}

static void deny(const struct step *step, const struct err *err, struct inject_result *result)
{
	struct inject_decision *decision = &result->decision;

	decision->verdict = INJECT_DENY;
	decision->reason = step->reason;
	snprintf(decision->sentence, sizeof(decision->sentence), "%s", err->msg);
	utf8_repair(decision->sentence);
	result->status = err->code == -EAGAIN ? STATUS_UNAVAILABLE : step->status;
}

/* Runs the steps while the pod is to be injected. A failure that is its own becomes a denial. */
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
			say_where(injection, &failure);
			deny(&STEPS[i], &failure, result);
		}
		if (result->decision.verdict != INJECT_YES)
			return 0;
	}
	const struct inject_warnings_subject subject = {
		.pod = injection->pod,
		.apps = {&injection->choice, injection->apps},
		.redirect = &injection->redirect,
		.probes = injection->probes,
	};
	inject_warnings_add(&subject, result);
	result->profiles = TAKE(injection->names);
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
				      .profiles = profiles,
				      .options = options,
				      .original = question->pod,
				      .pod = json_incref(question->pod),
				      .result = &result};
	int r = 0;

	inject_decide(question, &result.decision);
	result.status = status_of(&result.decision);
	if (*result.decision.warning != '\0')
		inject_warn(&result, "%s", result.decision.warning);
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
