/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pod's annotations, a line each as "key=value", up to the redirect document: with the real
 * profile, in the steps that an injection takes. This is the target of numbers, ranges, CIDRs,
 * comma lists, and of parameters' values: quantities and durations too.
 */
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "webhook/core/annotation.h"
#include "webhook/core/profile_choice.h"
#include "webhook/core/redirect_resolve.h"

/* The object of texts; lines that JSON cannot hold, or that have no '=', are left out. */
static json_t *read_annotations(const char *text, size_t length)
{
	const char *end = text + length;
	json_t *annotations = json_object();

	assert(annotations != NULL);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline != NULL ? newline : end;
		const char *equals = memchr(text, '=', (size_t)(line_end - text));

		/* _new takes the text, and fails for NULL. */
		if (equals != NULL)
			json_object_setn_new(
				annotations, text, (size_t)(equals - text),
				json_stringn(equals + 1, (size_t)(line_end - equals - 1)));
		text = line_end + (newline != NULL);
	}
	return annotations;
}

/* Whoever is refused can act on it: it is said which annotation it is, in one line. */
static void check_refusal(const struct err *err)
{
	fuzz_check_failure(err);
	assert(strstr(err->msg, "annotation") != NULL);
	assert(strchr(err->msg, '\n') == NULL);
}

/* What was resolved holds every rule, and can be told to the plugin. */
static void check_resolved(const struct redirect_spec *spec, enum gate gate)
{
	CLEANUP(redirect_spec_release) struct redirect_spec decoded = {0};
	CLEANUP(freep) char *document = NULL;
	CLEANUP(freep) char *again = NULL;
	struct err err = {0};
	int r = redirect_spec_encode(spec, &document, &err);

	assert((spec->gate_port == 0) == (gate == GATE_NONE));
	if (r == -E2BIG) /* lists of the profile and of the pod together */
		return;
	assert(r == 0);
	r = redirect_spec_decode(document, strlen(document), &decoded, &err);
	assert(r == 0);
	r = redirect_spec_encode(&decoded, &again, &err);
	assert(r == 0 && strcmp(document, again) == 0);
}

static int read_values(const struct profile_choice *choice, json_t *annotations, struct err *err)
{
	int r = profile_choice_check_parameters(choice, annotations, err);

	for (size_t i = 0; r == 0 && i < choice->count; i++) {
		json_auto_t *values = NULL;

		r = profile_values(choice->profiles[i], annotations, &values, err);
		assert(r < 0 || json_object_size(values) == choice->profiles[i]->parameter_count);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	json_auto_t *annotations = read_annotations((const char *)data, size);
	struct profile_choice choice = {0};
	struct err err = {0};
	enum gate gate;
	int r = annotation_check(annotations, &err);

	if (r == 0)
		r = profile_choose(fuzz_profiles(), "envoy", annotations, &choice, &err);
	if (r == 0)
		r = read_values(&choice, annotations, &err);
	if (r == 0 && choice.redirecting == NULL)
		r = annotation_refuse_redirect(annotations, &err);
	else if (r == 0)
		r = redirect_resolve(choice.redirecting, annotations, &spec, &gate, &err);
	if (r < 0)
		check_refusal(&err);
	else if (choice.redirecting != NULL)
		check_resolved(&spec, gate);
	return 0;
}
