/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives Events to the API server, in a thread of its own: no review waits for one, and neither does
 * the end of the program. What cannot be given is counted, and stands in the log's line of its
 * review.
 */
#ifndef SIDEWIRE_WEBHOOK_EVENT_SENDER_H
#define SIDEWIRE_WEBHOOK_EVENT_SENDER_H

#include <stdint.h>

#include "common/base/err.h"
#include "webhook/core/review_event.h"

struct event_sender;

/* What became of Events. */
struct event_report {
	uint64_t sent;
	uint64_t repeated; /* not sent: the same was, see webhook/core/event_memory.h */
	uint64_t dropped;  /* not sent: too many at once, or within that time */
	uint64_t failed;   /* the API server did not answer, or refused */
};

/*
 * Begins; needs no API server for that. Of Events it says that the pod of that name tells them,
 * which is borrowed, as is the directory of the service account (NULL: a pod's own), until it is
 * freed. The caller frees *ret_sender. What cluster_client_new() and making a thread say.
 */
int event_sender_start(const char *service_account, const char *pod_name,
		       struct event_sender **ret_sender, struct err *err)
	__attribute__((nonnull(2, 3, 4), warn_unused_result));

/* Takes a copy of an Event, to be given soon or not at all. Never waits for the API server; from
 * any thread. */
void event_sender_offer(struct event_sender *sender, const struct review_event *event)
	__attribute__((nonnull));

/* Writes *ret_report; from any thread. */
void event_sender_report(struct event_sender *sender, struct event_report *ret_report)
	__attribute__((nonnull));

/* Breaks off a call that is under way, waits for the thread, frees. What was not given is lost.
 * NULL is allowed. */
void event_sender_free(struct event_sender *sender);

#endif
