/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/admission_handler.h"

#include <errno.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/io/log.h"
#include "webhook/core/admission_review.h"
#include "webhook/core/inject.h"

enum { NANOSECONDS_PER_SECOND = 1000 * 1000 * 1000 };

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Bytes of the patch as the answer carries it, before base64. */
static size_t patch_size(const struct inject_result *result)
{
	return result->patch != NULL ? json_dumpb(result->patch, NULL, 0, JSON_COMPACT) : 0;
}

static void log_review(const struct admission_request *request, const struct inject_result *result,
		       uint64_t nanoseconds)
{
	const struct inject_decision *decision = &result->decision;
	struct log_line line;

	log_begin(&line, LOG_INFO, "review");
	log_text(&line, "uid", request->uid);
	log_text(&line, "namespace", request->namespace_name);
	log_text(&line, "pod", request->name);
	log_text(&line, "generate_name", request->generate_name);
	log_text(&line, "decision", inject_verdict_name(decision->verdict));
	log_text(&line, "reason", decision->reason);
	log_text(&line, "profiles", result->profiles);
	log_number(&line, "microseconds", (long long)(nanoseconds / 1000));
	log_text(&line, "detail", decision->sentence);
	log_end(&line);
}

/* Decides, and writes the answer's body. */
static int review(struct admission_handler *handler, const struct admission_request *request,
		  const char *namespace_label, struct inject_result *ret_result,
		  struct http_reply *reply, struct err *err)
{
	struct inject_question question = {
		.operation = request->operation,
		.resource = request->resource,
		.subresource = request->subresource,
		.namespace_name = request->namespace_name,
		.namespace_label = namespace_label,
		.own_namespace = handler->own_namespace,
		.pod = request->object,
	};
	const struct inject_options options = {
		.default_profiles = handler->default_profiles,
		.gate_image = atomic_load(&handler->gate_image),
		.image_volumes = atomic_load(&handler->image_volumes),
	};
	CLEANUP(inject_result_release) struct inject_result result = {0};
	int r = inject(&question, handler->profiles, &options, &result, err);

	if (r < 0)
		return r;
	r = admission_response_encode(request->uid, &result, &reply->body, &reply->body_length,
				      err);
	if (r < 0)
		return r;
	*ret_result = result;
	result = (struct inject_result){0};
	return 0;
}

/* What an error of decoding or deciding is in HTTP. */
static unsigned int http_status_of(int r)
{
	switch (r) {
	case -ENOMEM:
		return 503;
	case -E2BIG:
		return 413;
	default:
		return 400;
	}
}

static void answer(struct admission_handler *handler, const char *namespace_label,
		   const struct http_request *http_request, struct http_reply *reply)
{
	CLEANUP(admission_request_release) struct admission_request request = {0};
	CLEANUP(inject_result_release) struct inject_result result = {0};
	uint64_t begin = monotonic_ns();
	struct err err;
	int r = admission_request_decode(http_request->body, http_request->body_length, &request,
					 &err);

	if (r == 0)
		r = review(handler, &request, namespace_label, &result, reply, &err);
	if (r != 0) {
		http_reply_text(reply, http_status_of(r), err.msg);
		return;
	}
	reply->status = 200;
	reply->content_type = "application/json";
	uint64_t nanoseconds = monotonic_ns() - begin;
	metrics_count_review(handler->metrics, inject_verdict_name(result.decision.verdict),
			     result.decision.reason, nanoseconds, patch_size(&result));
	log_review(&request, &result, nanoseconds);
}

void admission_answer_enabled(void *context, const struct http_request *request,
			      struct http_reply *reply)
{
	answer(context, "enabled", request, reply);
}

void admission_answer_asked(void *context, const struct http_request *request,
			    struct http_reply *reply)
{
	answer(context, NULL, request, reply);
}
