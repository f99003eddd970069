/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers a review as the webhook does, and prints the answer with its patch decoded. On stdin: an
 * AdmissionReview, or what else the answer depends on around it, all but `review` optional:
 *
 *   {"path": "/mutate/enabled", "namespaceLabel": "disabled", "profiles": "manifests/profiles",
 *    "defaultProfiles": "envoy", "gateImage": "example/sidewire:1", "imageVolumes": "yes",
 *    "namespace": {...},
 *    "review": {...}}
 *
 * The `namespace` is a Namespace, for its annotations; its label is said by path or namespaceLabel.
 * A `body` (a text) in place of `review` is sent as it stands. After an injection the injected pod
 * is asked about once more: `secondPass` is that patch, which should be empty.
 */
#include <errno.h>
#include <jansson.h>
#include <nettle/base64.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/io/file_read.h"
#include "webhook/core/admission_review.h"
#include "webhook/core/namespace_defaults.h"
#include "webhook/io/profile_store.h"

#define PATH_ENABLED "/mutate/enabled"
#define PATH_ASKED "/mutate/asked"

/* What the answer depends on. All pointers are borrowed from the input. */
struct situation {
	const char *path;
	const char *namespace_label;
	const char *profiles_directory;
	struct inject_options options;
	struct profile_set profiles;            /* owned */
	struct namespace_facts namespace_facts; /* annotations owned */
	const char *body;
	json_t *review; /* where there is no body */
};

static void situation_release(struct situation *situation)
{
	profile_set_release(&situation->profiles);
	namespace_facts_release(&situation->namespace_facts);
}

/* Reads a text unless it is absent; then *text stays. */
static int read_text(const json_t *input, const char *key, const char **text, struct err *err)
{
	const char *found = NULL;
	int r = json_read_string(input, key, &found, err);

	if (r == 0 && found != NULL)
		*text = found;
	return r;
}

static int read_image_volumes(const json_t *input, struct inject_options *options, struct err *err)
{
	const char *text = NULL;
	int r = read_text(input, "imageVolumes", &text, err);

	return r == 0 && text != NULL ? image_volumes_parse(text, &options->image_volumes, err) : r;
}

static int read_input(json_t *input, struct situation *situation, struct err *err)
{
	int r = read_text(input, "path", &situation->path, err);

	situation->review = json_object_get(input, "review");
	if (r == 0 && strcmp(situation->path, PATH_ENABLED) == 0)
		situation->namespace_label = "enabled";
	if (r == 0)
		r = read_text(input, "namespaceLabel", &situation->namespace_label, err);
	if (r == 0)
		r = read_text(input, "profiles", &situation->profiles_directory, err);
	if (r == 0)
		r = read_text(input, "defaultProfiles", &situation->options.default_profiles, err);
	if (r == 0)
		r = read_text(input, "gateImage", &situation->options.gate_image, err);
	if (r == 0)
		r = read_image_volumes(input, &situation->options, err);
	if (r == 0)
		r = read_text(input, "body", &situation->body, err);
	if (r == 0 && json_object_get(input, "namespace") != NULL)
		r = namespace_facts_read(json_object_get(input, "namespace"),
					 &situation->namespace_facts, err);
	if (r == 0 && situation->review == NULL && situation->body == NULL)
		situation->review = input;
	return r == 0 ? profile_store_load(situation->profiles_directory, &situation->profiles, err)
		      : r;
}

static int ask(const struct situation *situation, const struct admission_request *request,
	       json_t *pod, struct inject_result *ret_result, struct err *err)
{
	const struct inject_question question = {
		.operation = request->operation,
		.resource = request->resource,
		.subresource = request->subresource,
		.namespace_name = request->namespace_name,
		.namespace_label = situation->namespace_label,
		.own_namespace = "sidewire-system",
		.namespace_annotations = situation->namespace_facts.annotations,
		.pod = pod,
	};

	return inject(&question, &situation->profiles, &situation->options, ret_result, err);
}

/* The `patch` of a response, decoded in place. */
static int decode_patch(json_t *response, struct err *err)
{
	const char *encoded = json_string_value(json_object_get(response, "patch"));
	struct base64_decode_ctx context;
	json_error_t where;

	if (encoded == NULL)
		return 0;
	size_t length = BASE64_DECODE_LENGTH(strlen(encoded));
	CLEANUP(freep) char *text = malloc(length + 1);
	base64_decode_init(&context);
	if (text == NULL ||
	    base64_decode_update(&context, &length, (uint8_t *)text, strlen(encoded), encoded) ==
		    0 ||
	    base64_decode_final(&context) == 0)
		return err_set(err, EINVAL, "the patch is no base64");
	json_t *patch = json_loadb(text, length, 0, &where);
	/* _new takes the patch. */
	if (json_object_set_new(response, "patch", patch) < 0)
		return err_set(err, EINVAL, "the patch is no JSON: %s", where.text);
	return 0;
}

/* The response of the encoded answer, its patch decoded. The caller owns it. */
static int encode(const struct admission_request *request, const struct inject_result *result,
		  json_t **ret_response, struct err *err)
{
	struct admission_response encoded = {0};
	json_auto_t *answer = NULL;
	int r = admission_response_encode(request->uid, result, &encoded, err);

	if (r == 0)
		r = json_read_text(encoded.body, encoded.length, &answer, err);
	free(encoded.body);
	if (r != 0)
		return r;
	json_t *response = json_object_get(answer, "response");
	r = decode_patch(response, err);
	if (r == 0)
		*ret_response = json_incref(response);
	return r;
}

/* Asks about the injected pod again, and adds that patch to what is printed. */
static int ask_again(const struct situation *situation, const struct admission_request *request,
		     const struct inject_result *first, json_t *printed, struct err *err)
{
	CLEANUP(inject_result_release) struct inject_result second = {0};

	if (first->decision.verdict != INJECT_YES)
		return 0;
	int r = ask(situation, request, first->pod, &second, err);
	if (r < 0)
		return r;
	json_t *patch = second.decision.verdict == INJECT_YES
				? json_incref(second.patch)
				: json_string(second.decision.sentence);
	return json_object_set_new(printed, "secondPass", patch);
}

static int answer(const struct situation *situation, const char *body, size_t length,
		  json_t **ret_printed, struct err *err)
{
	CLEANUP(admission_request_release) struct admission_request request = {0};
	CLEANUP(inject_result_release) struct inject_result result = {0};
	json_t *response = NULL;
	int r = admission_request_decode(body, length, &request, err);

	if (r == -EINVAL) {
		*ret_printed = json_pack("{s:i, s:s}", "http", 400, "message", err->msg);
		return 0;
	}
	if (r == 0)
		r = ask(situation, &request, request.object, &result, err);
	if (r == 0)
		r = encode(&request, &result, &response, err);
	if (r != 0)
		return r;
	*ret_printed =
		json_pack("{s:o, s:s}", "response", response, "sentence", result.decision.sentence);
	return ask_again(situation, &request, &result, *ret_printed, err);
}

/* Reads the situation from the descriptor, and answers it. */
static int run(int fd, json_t **ret_printed, struct err *err)
{
	CLEANUP(situation_release)
	struct situation situation = {.path = PATH_ASKED,
				      .profiles_directory = "tests/golden/inject/profiles",
				      .options = {.default_profiles = "default"}};
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *review = NULL;
	json_auto_t *input = NULL;
	size_t length = 0;
	int r = file_read_fd(fd, ADMISSION_REVIEW_SIZE_MAX, &text, &length, err);

	if (r == 0)
		r = json_read_text(text, length, &input, err);
	if (r == 0)
		r = read_input(input, &situation, err);
	if (r != 0)
		return r;
	review = json_dumps(situation.review, JSON_COMPACT);
	const char *body = situation.body != NULL ? situation.body : review;
	if (body == NULL)
		return err_set(err, EINVAL, "neither review nor body");
	return answer(&situation, body, strlen(body), ret_printed, err);
}

int main(void)
{
	json_auto_t *printed = NULL;
	struct err err = {0};

	if (run(STDIN_FILENO, &printed, &err) < 0) {
		fprintf(stderr, "golden-inject: %s\n", err.msg);
		return 1;
	}
	if (json_dumpf(printed, stdout, JSON_SORT_KEYS | JSON_INDENT(2)) < 0)
		return 1;
	return puts("") < 0;
}
