/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the API server posts, through the whole injection with real profiles, of a proxy and two
 * agents, to the answer: on both paths, and an injected pod once more. Here bytes are changed, in
 * fuzz_inject pods.
 */
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "tests/fuzz/fuzz.h"
#include "webhook/core/admission_review.h"

static const char *const NAMESPACE_LABELS[] = {"enabled", NULL};

static void ask(const struct admission_request *request, const char *namespace_label, json_t *pod,
		struct inject_result *ret_result)
{
	const struct inject_options options = {.default_profiles = "envoy,skywalking,otel-java",
					       .gate_image = "example/sidewire:1",
					       .image_volumes = IMAGE_VOLUMES_YES};
	const struct inject_question question = {
		.operation = request->operation,
		.resource = request->resource,
		.subresource = request->subresource,
		.namespace_name = request->namespace_name,
		.namespace_label = namespace_label,
		.own_namespace = "sidewire-system",
		.pod = pod,
	};
	struct err err = {0};
	int r = inject(&question, fuzz_profiles(), &options, ret_result, &err);

	assert(r == 0);
}

/* The decision explains itself, and has what belongs to it. */
static void check_result(const struct inject_result *result)
{
	const struct inject_decision *decision = &result->decision;

	assert(decision->reason != NULL && *decision->reason != '\0');
	assert(*decision->sentence != '\0');
	assert((decision->verdict == INJECT_DENY) == (result->status != 0));
	assert((decision->verdict == INJECT_YES) == (result->patch != NULL));
	assert((decision->verdict == INJECT_YES) == (result->pod != NULL));
}

/* The answer is JSON, has the request's uid, and allows what is not denied. */
static void check_answer(const char *uid, const struct inject_result *result)
{
	struct admission_response encoded;
	json_auto_t *answer = NULL;
	struct err err = {0};
	int r = admission_response_encode(uid, result, &encoded, &err);

	assert(r == 0);
	r = json_read_text(encoded.body, encoded.length, &answer, &err);
	free(encoded.body);
	assert(r == 0);
	json_t *response = json_object_get(answer, "response");
	const char *answered = json_string_value(json_object_get(response, "uid"));
	assert(answered != NULL && strcmp(answered, uid) == 0);
	assert(json_is_true(json_object_get(response, "allowed")) ==
	       (result->decision.verdict != INJECT_DENY));
	assert((json_object_get(response, "patch") != NULL) ==
	       (json_array_size(result->patch) > 0));
}

/* There is nothing to add to an injected pod, and nothing to refuse. */
static void check_second_pass(const struct admission_request *request, const char *namespace_label,
			      const struct inject_result *first)
{
	CLEANUP(inject_result_release) struct inject_result second = {0};

	ask(request, namespace_label, first->pod, &second);
	assert(second.decision.verdict == INJECT_YES);
	assert(json_array_size(second.patch) == 0);
}

static void check(const struct admission_request *request, const char *namespace_label)
{
	CLEANUP(inject_result_release) struct inject_result result = {0};

	ask(request, namespace_label, request->object, &result);
	check_result(&result);
	check_answer(request->uid, &result);
	if (result.decision.verdict == INJECT_YES)
		check_second_pass(request, namespace_label, &result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(admission_request_release) struct admission_request request = {0};
	struct err err = {0};

	if (admission_request_decode((const char *)data, size, &request, &err) < 0) {
		fuzz_check_failure(&err);
		return 0;
	}
	json_auto_t *before = json_deep_copy(request.object);
	for (size_t i = 0; i < sizeof(NAMESPACE_LABELS) / sizeof(*NAMESPACE_LABELS); i++)
		check(&request, NAMESPACE_LABELS[i]);
	assert(before == NULL || json_equal(before, request.object));
	return 0;
}
