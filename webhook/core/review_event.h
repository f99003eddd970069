/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which reviews are told to everybody in an Event, and what it says. A pod that is refused never
 * exists, and one that is admitted has neither uid nor, mostly, a name yet: so an Event is about
 * the pod's controller, where `kubectl describe` shows it. A pod without one is told of at its
 * namespace, by its name.
 */
#ifndef SIDEWIRE_WEBHOOK_REVIEW_EVENT_H
#define SIDEWIRE_WEBHOOK_REVIEW_EVENT_H

#include <stdbool.h>

#include "webhook/core/inject_decide.h"
#include "webhook/core/namespace_set.h"

enum {
	/* Bytes with the NUL. A controller of which something is longer is none. */
	REVIEW_EVENT_TEXT_SIZE = 254,
	/* A pod's name, cut, and the decision's sentence; Kubernetes takes 1024. */
	REVIEW_EVENT_MESSAGE_SIZE = INJECT_SENTENCE_SIZE + 80,
};

/* What an Event says; all texts are UTF-8. */
struct review_event {
	char namespace_name[NAMESPACE_NAME_MAX + 1];
	char api_version[REVIEW_EVENT_TEXT_SIZE]; /* these four: of what it is about */
	char kind[REVIEW_EVENT_TEXT_SIZE];
	char name[REVIEW_EVENT_TEXT_SIZE];
	char uid[REVIEW_EVENT_TEXT_SIZE]; /* "": not known */
	const char *reason;               /* static: "SidewireRefused" or "SidewireNotInjected" */
	const char *why;                  /* static: the decision's reason */
	char message[REVIEW_EVENT_MESSAGE_SIZE];
};

/*
 * Whether there is an Event, and which. There is one for a pod of an enabled namespace that is
 * refused, or is admitted without a sidecar though nobody asked for that: not where the pod has the
 * label "false", nor for mirror pods, which are as they are. A review that was only a trial
 * (`is_dry_run`) has no effects. *ret_event is written where there is one.
 */
bool review_event_make(const struct inject_question *question,
		       const struct inject_decision *decision, bool is_dry_run,
		       struct review_event *ret_event) __attribute__((nonnull));

#endif
