/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/explain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_text.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/explain_patch.h"
#include "webhook/core/namespace_defaults.h"
#include "webhook/core/pod_shape.h"
#include "webhook/core/probe_adapt.h"
#include "webhook/core/profile_choice.h"
#include "webhook/core/redirect_list.h"
#include "webhook/core/redirect_resolve.h"

#define PROFILE "profile"
#define DEFAULT "default"
#define PROBES "probes"

/* What the values of one pod are made of. All but the last is borrowed. */
struct origins {
	json_t *of_pod;       /* annotations; NULL: none */
	json_t *of_namespace; /* the same */
	struct strbuf *out;
	json_t *annotations; /* what counts; owned */
};

static void origins_release(struct origins *origins)
{
	json_decref(origins->annotations);
}

/* Where the annotation is from; NULL when it is nowhere. */
static const char *origin_of(const struct origins *origins, const char *key)
{
	static const char *const NAMES[] = {
		[ANNOTATION_OF_NAMESPACE] = "namespace", [ANNOTATION_OF_POD] = "pod"};

	return NAMES[namespace_defaults_origin(origins->of_pod, origins->of_namespace, key)];
}

static void write_value(struct strbuf *out, const char *name, const char *origin, const char *value)
{
	strbuf_printf(out, "  %-35s %-19s %s\n", name, origin, *value != '\0' ? value : "none");
}

/* An annotation's name without our prefix. */
static const char *short_name(const char *key)
{
	return strncmp(key, VOCABULARY_PREFIX, strlen(VOCABULARY_PREFIX)) == 0
		       ? key + strlen(VOCABULARY_PREFIX)
		       : key;
}

static void write_decision(struct strbuf *out, const struct inject_decision *decision)
{
	strbuf_puts(out, "Decision\n");
	for (size_t i = 0; i < decision->rule; i++)
		strbuf_printf(out, "  %zu %-26sno\n", i + 1, inject_rule_name(i));
	strbuf_printf(out, "  %zu %-26s%s (%s): %s\n", decision->rule + 1,
		      inject_rule_name(decision->rule), inject_verdict_name(decision->verdict),
		      decision->reason, decision->sentence);
}

static int write_profiles(const struct origins *origins, const struct profile_choice *choice,
			  struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;
	CLEANUP(freep) char *text = NULL;
	const char *origin = origin_of(origins, ANNOTATION_PROFILES);

	for (size_t i = 0; i < choice->count; i++)
		strbuf_printf(&names, "%s%s", i > 0 ? "," : "", choice->profiles[i]->name);
	if (strbuf_finish(&names, &text, err) < 0)
		return err->code;
	write_value(origins->out, short_name(ANNOTATION_PROFILES),
		    origin != NULL ? origin : DEFAULT, text);
	return 0;
}

/* The redirect document that the annotations, or none, make of the profile; what probes add to it
 * is not in it. The caller owns it. */
static int resolve(const struct profile *profile, const json_t *annotations, json_t **ret_document,
		   enum gate *ret_gate, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(freep) char *text = NULL;
	int r = redirect_resolve(profile, annotations, &spec, ret_gate, err);

	if (r == 0)
		r = redirect_spec_encode(&spec, &text, err);
	return r == 0 ? json_read_text(text, strlen(text), ret_document, err) : r;
}

/* The redirect document in a pod that was injected. The caller owns it. */
static int read_redirect(const json_t *pod, json_t **ret_document, struct err *err)
{
	const char *text = annotation_get(pod_annotations(pod), ANNOTATION_REDIRECT);

	return json_read_text(text, strlen(text), ret_document, err);
}

/* The redirect as it was put together. All is borrowed. */
struct redirect_parts {
	const json_t *whole;      /* the document that was written */
	const json_t *annotated;  /* the one that profile and annotations make */
	const json_t *of_profile; /* the one that the profile alone makes */
};

static const char *text_of(const json_t *document, const char *member)
{
	const char *text = json_string_value(json_object_get(document, member));

	return text != NULL ? text : "";
}

/* A list is from the profile where that says something, from an annotation, or, being one that
 * adds, from both; and what becomes of probes may add more. */
static void write_list(const struct origins *origins, const struct redirect_list *list,
		       const struct redirect_parts *parts)
{
	static const char *const ALL[] = {"1-65535", "0.0.0.0/0,::/0", ""};
	const char *origin = origin_of(origins, list->annotation);
	const char *before = text_of(parts->of_profile, list->member);
	const char *value = text_of(parts->whole, list->member);
	bool is_default = false;
	bool is_of_probes = strcmp(value, text_of(parts->annotated, list->member)) != 0;
	char all[sizeof("profile, namespace, probes")];

	if (json_object_get(parts->whole, list->member) == NULL)
		return;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++)
		is_default = is_default || strcmp(before, ALL[i]) == 0;
	bool is_of_profile = !is_default && (origin == NULL || !list->is_include);
	snprintf(all, sizeof(all), "%s%s%s%s%s", is_of_profile ? PROFILE : "",
		 is_of_profile && origin != NULL ? ", " : "", origin != NULL ? origin : "",
		 is_of_probes && (is_of_profile || origin != NULL) ? ", " : "",
		 is_of_probes ? PROBES : "");
	write_value(origins->out, short_name(list->annotation), *all != '\0' ? all : DEFAULT,
		    value);
}

/* A word of the redirect, where somebody has said it. */
static void write_word(const struct origins *origins, const char *annotation, const char *value,
		       bool is_of_profile)
{
	const char *origin = origin_of(origins, annotation);

	if (origin == NULL && !is_of_profile)
		return;
	write_value(origins->out, short_name(annotation), origin != NULL ? origin : PROFILE, value);
}

/* What becomes of DNS, of what conntrack finds invalid, and of what no proxy takes. */
static int write_words(const struct origins *origins, const struct redirect_parts *parts,
		       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf dns = STRBUF_INIT;
	CLEANUP(freep) char *text = NULL;
	const json_t *port = json_object_get(parts->whole, "dnsPort");
	bool is_dropping = json_is_true(json_object_get(parts->whole, "dropInvalid"));
	const char *non_tcp = text_of(parts->whole, "nonTcp");

	if (json_integer_value(port) != 0)
		strbuf_printf(&dns, "true: to port %" JSON_INTEGER_FORMAT " what is for %s",
			      json_integer_value(port), text_of(parts->whole, "dnsServers"));
	else
		strbuf_puts(&dns, "false");
	if (strbuf_finish(&dns, &text, err) < 0)
		return err->code;
	write_word(origins, ANNOTATION_DNS_CAPTURE, text, json_integer_value(port) != 0);
	write_word(origins, ANNOTATION_DROP_INVALID, is_dropping ? "true" : "false", is_dropping);
	write_word(origins, ANNOTATION_NON_TCP, *non_tcp != '\0' ? non_tcp : "allow",
		   *non_tcp != '\0' && strcmp(non_tcp, "allow") != 0);
	return 0;
}

static int write_redirect(const struct origins *origins, const struct profile *profile,
			  const json_t *pod, struct err *err)
{
	json_auto_t *whole = NULL;
	json_auto_t *annotated = NULL;
	json_auto_t *of_profile = NULL;
	enum gate gate = GATE_NONE;
	enum gate gate_of_profile;
	enum probe_mode probes = PROBE_MODE_AUTO;
	int r = read_redirect(pod, &whole, err);

	if (r == 0)
		r = probe_mode_read(origins->annotations, &probes, err);
	if (r == 0)
		r = resolve(profile, origins->annotations, &annotated, &gate, err);
	if (r == 0)
		r = resolve(profile, NULL, &of_profile, &gate_of_profile, err);
	if (r < 0)
		return r;
	const struct redirect_parts parts = {whole, annotated, of_profile};
	const char *origin = origin_of(origins, ANNOTATION_REDIRECT_MODE);
	write_value(origins->out, short_name(ANNOTATION_REDIRECT_MODE),
		    origin != NULL ? origin : PROFILE, text_of(whole, "mode"));
	for (size_t i = 0; i < REDIRECT_LIST_COUNT; i++)
		write_list(origins, &REDIRECT_LISTS[i], &parts);
	r = write_words(origins, &parts, err);
	if (r < 0)
		return r;
	origin = origin_of(origins, ANNOTATION_GATE);
	write_value(origins->out, short_name(ANNOTATION_GATE), origin != NULL ? origin : PROFILE,
		    gate_name(gate));
	origin = origin_of(origins, ANNOTATION_PROBES);
	write_value(origins->out, short_name(ANNOTATION_PROBES), origin != NULL ? origin : DEFAULT,
		    probe_mode_name(probes));
	return 0;
}

static int write_parameter(const struct origins *origins, const char *name, const json_t *value,
			   struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf key = STRBUF_INIT;
	CLEANUP(freep) char *full = NULL;
	CLEANUP(freep) char *text = json_text(value, JSON_ENCODE_ANY);

	strbuf_printf(&key, VOCABULARY_PARAM_PREFIX "%s", name);
	if (strbuf_finish(&key, &full, err) < 0)
		return err->code;
	if (text == NULL)
		return err_set(err, ENOMEM, "out of memory");
	const char *origin = origin_of(origins, full);
	write_value(origins->out, full, origin != NULL ? origin : PROFILE, text);
	return 0;
}

static int write_parameters(const struct origins *origins, const struct profile *profile,
			    struct err *err)
{
	json_auto_t *values = NULL;
	const char *name;
	json_t *value;
	int r = profile_values(profile, origins->annotations, &values, err);

	if (r < 0)
		return r;
	json_object_foreach(values, name, value) {
		r = write_parameter(origins, name, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The values of a pod that was injected, so that all of them are known to be right. */
static int write_values(struct origins *origins, const struct profile_set *profiles,
			const struct inject_options *options, const json_t *pod, struct err *err)
{
	struct profile_choice choice = {.count = 0};
	int r = namespace_defaults_merge(origins->of_pod, origins->of_namespace,
					 &origins->annotations, err);

	strbuf_puts(origins->out, "Values, and where they are from\n");
	if (r == 0)
		r = profile_choose(profiles, options->default_profiles, origins->annotations,
				   &choice, err);
	if (r < 0)
		return r;
	profile_choice_drop_defaults(&choice, profiles, origins->of_pod, origins->annotations);
	r = write_profiles(origins, &choice, err);
	if (r == 0 && choice.redirecting != NULL)
		r = write_redirect(origins, choice.redirecting, pod, err);
	for (size_t i = 0; r == 0 && i < choice.count; i++)
		r = write_parameters(origins, choice.profiles[i], err);
	return r;
}

int explain(const struct inject_question *question, const struct profile_set *profiles,
	    const struct inject_options *options, struct strbuf *out,
	    struct inject_result *ret_result, struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};
	CLEANUP(origins_release)
	struct origins origins = {.of_pod = pod_annotations(question->pod),
				  .of_namespace = question->namespace_annotations,
				  .out = out};
	struct inject_decision decision;
	int r = inject(question, profiles, options, &result, err);

	if (r < 0)
		return r;
	inject_decide(question, &decision);
	write_decision(out, &decision);
	if (result.decision.verdict == INJECT_YES) {
		r = write_values(&origins, profiles, options, result.pod, err);
		if (r < 0)
			return r;
		strbuf_puts(out, json_array_size(result.patch) > 0
					 ? "Adds\n"
					 : "Adds nothing: it is injected already\n");
		explain_patch(result.patch, out);
	} else if (decision.verdict == INJECT_YES) {
		strbuf_printf(out, "%s (%s): %s\n",
			      result.decision.verdict == INJECT_DENY ? "Refused" : "Left alone",
			      result.decision.reason, result.decision.sentence);
	}
	for (size_t i = 0; i < result.warning_count; i++)
		strbuf_printf(out, "Warning: %s\n", inject_warning_text(result.warnings[i]));
	if (out->is_failed)
		return err_set(err, ENOMEM, "out of memory");
	*ret_result = result;
	result = (struct inject_result){0};
	return 0;
}
