/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/admission_handler.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "common/io/log.h"
#include "common/io/monotonic.h"
#include "webhook/core/admission_review.h"
#include "webhook/core/inject.h"
#include "webhook/core/review_event.h"

/*
 * One review on its way. The result's values are partly those of the profiles: these are given back
 * last, so that whoever frees them is the last one to have seen them.
 */
struct review {
	struct admission_handler *handler;
	const char *namespace_label;
	struct http_wait *wait;
	struct admission_request request;  /* owned, as are the next three */
	json_t *annotations;               /* the namespace's; NULL: none */
	struct profile_snapshot *profiles; /* those in force; NULL: none were taken */
	struct inject_result result;
	size_t patch_size; /* bytes, of the answer */
};

static void review_release(struct review *review)
{
	admission_request_release(&review->request);
	json_decref(review->annotations);
	inject_result_release(&review->result);
	profile_snapshot_unref(review->profiles);
}

static void log_review(const struct review *review, uint64_t nanoseconds)
{
	const struct admission_request *request = &review->request;
	const struct inject_decision *decision = &review->result.decision;
	struct log_line line;

	log_begin(&line, LOG_INFO, "review");
	log_text(&line, "uid", request->uid);
	log_text(&line, "namespace", request->namespace_name);
	log_text(&line, "pod", request->name);
	log_text(&line, "generate_name", request->generate_name);
	log_text(&line, "decision", inject_verdict_name(decision->verdict));
	log_text(&line, "reason", decision->reason);
	log_text(&line, "profiles", review->result.profiles);
	log_number(&line, "microseconds", (long long)(nanoseconds / 1000));
	log_text(&line, "detail", decision->sentence);
	log_end(&line);
}

/*
 * Puts what the namespace says to its pods into the question, where the answer depends on it, or
 * why that is not known, which is for the answer to tell: the caller keeps `trouble` as long as the
 * question. -EINPROGRESS: not yet; -ENOMEM.
 */
static int find_defaults(struct review *review, struct inject_question *question,
			 struct err *trouble)
{
	struct namespace_cache *namespaces = review->handler->namespaces;
	struct inject_decision decision;

	if (namespaces == NULL)
		return 0;
	inject_decide(question, &decision);
	if (decision.verdict != INJECT_YES)
		return 0;
	int r = namespace_cache_ask(namespaces, decision.namespace_name, review->wait,
				    &review->annotations, trouble);
	if (r == -EINPROGRESS || r == -ENOMEM)
		return r;
	if (r < 0)
		question->namespace_trouble = trouble;
	question->namespace_annotations = review->annotations;
	return 0;
}

/* Tells everybody what became of the pod, where that is due. */
static void tell(const struct review *review, const struct inject_question *question)
{
	struct event_sender *events = review->handler->events;
	struct review_event event;

	if (events != NULL && review_event_make(question, &review->result.decision,
						review->request.is_dry_run, &event))
		event_sender_offer(events, &event);
}

/* Decides about a review that was decoded, and writes the answer's body. */
static int decide(struct review *review, struct http_reply *reply, struct err *err)
{
	const struct admission_handler *handler = review->handler;
	const struct admission_request *request = &review->request;
	struct inject_question question = {
		.operation = request->operation,
		.resource = request->resource,
		.subresource = request->subresource,
		.namespace_name = request->namespace_name,
		.namespace_label = review->namespace_label,
		.own_namespace = handler->own_namespace,
		.pod = request->object,
	};
	const struct inject_options options = {
		.default_profiles = handler->default_profiles,
		.gate_image = atomic_load(&handler->gate_image),
		.image_volumes = atomic_load(&handler->image_volumes),
	};
	struct admission_response response = {0};
	struct err trouble;
	int r = find_defaults(review, &question, &trouble);

	if (r < 0) {
		*err = trouble;
		return r;
	}
	review->profiles = profile_slot_get(handler->profiles);
	r = inject(&question, profile_snapshot_set(review->profiles), &options, &review->result,
		   err);
	if (r == 0)
		r = admission_response_encode(request->uid, &review->result, &response, err);
	if (r < 0)
		return r;
	reply->body = response.body;
	reply->body_length = response.length;
	review->patch_size = response.patch_size;
	tell(review, &question);
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
	CLEANUP(review_release)
	struct review review = {
		.handler = handler, .namespace_label = namespace_label, .wait = http_request->wait};
	struct http_wait *wait = http_request->wait;
	struct err err;

	if (wait->begun_ns == 0)
		wait->begun_ns = (uint64_t)monotonic_ns();
	int r = admission_request_decode(http_request->body, http_request->body_length,
					 &review.request, &err);

	if (r == 0)
		r = decide(&review, reply, &err);
	if (r == -EINPROGRESS)
		return;
	if (r != 0) {
		http_reply_text(reply, http_status_of(r), err.msg);
		return;
	}
	reply->status = 200;
	reply->content_type = "application/json";
	uint64_t nanoseconds = (uint64_t)monotonic_ns() - wait->begun_ns;
	const struct inject_decision *decision = &review.result.decision;
	metrics_count_review(handler->metrics, inject_verdict_name(decision->verdict),
			     decision->reason, nanoseconds, review.patch_size);
	log_review(&review, nanoseconds);
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
