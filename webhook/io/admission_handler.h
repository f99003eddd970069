/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers to reviews: decode, inject, encode; count, log and tell. One path for each webhook
 * entry, since the path says which of the namespace selectors matched.
 */
#ifndef SIDEWIRE_WEBHOOK_ADMISSION_HANDLER_H
#define SIDEWIRE_WEBHOOK_ADMISSION_HANDLER_H

#include <stdatomic.h>

#include "webhook/core/image_volumes.h"
#include "webhook/io/event_sender.h"
#include "webhook/io/http_exchange.h"
#include "webhook/io/metrics.h"
#include "webhook/io/namespace_cache.h"
#include "webhook/io/profile_slot.h"

/* What reviews are answered with. Borrowed; read by many threads, changed by none, but for the
 * profiles, of which each answer takes those that are in force when it begins, the image and what
 * nodes can mount, which may be learnt while they read, and what is known of namespaces. */
struct admission_handler {
	struct profile_slot *profiles;
	const char *default_profiles;     /* see struct inject_options */
	_Atomic(const char *) gate_image; /* the same */
	_Atomic(enum image_volumes) image_volumes;
	const char *own_namespace;
	struct namespace_cache *namespaces; /* NULL outside a cluster: there are no defaults */
	struct event_sender *events;        /* the same: nobody is told */
	struct metrics *metrics;
};

/*
 * Both answer an AdmissionReview as an http_route; the context is a struct admission_handler. 400
 * for what is no review, 503 without memory; all other trouble is a denial within a 200. Where the
 * namespace must be read first, they are called again when that is done.
 */

/* For pods of namespaces whose label is "enabled". */
void admission_answer_enabled(void *context, const struct http_request *request,
			      struct http_reply *reply) __attribute__((nonnull));

/* For pods that ask by a label of their own, in namespaces without the label. */
void admission_answer_asked(void *context, const struct http_request *request,
			    struct http_reply *reply) __attribute__((nonnull));

#endif
