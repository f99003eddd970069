/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which Events were given lately, so that a controller that tries again and again is told of once.
 * It holds so many, and no more are given in that time, whatever comes. Knows no clock:
 * milliseconds are those of one monotonic clock.
 */
#ifndef SIDEWIRE_WEBHOOK_EVENT_MEMORY_H
#define SIDEWIRE_WEBHOOK_EVENT_MEMORY_H

#include <stdint.h>

#include "webhook/core/review_event.h"

enum {
	EVENT_MEMORY_MS = 10 * 60 * 1000, /* Kubernetes keeps an Event for an hour */
	EVENT_MEMORY_MAX = 256,
};

enum event_news {
	EVENT_IS_NEW,      /* to be given; it is remembered now */
	EVENT_IS_REPEATED, /* one about the same object for the same reason was */
	EVENT_IS_TOO_MUCH, /* EVENT_MEMORY_MAX were, and all of them lately */
};

/* Begins zeroed. */
struct event_memory {
	struct {
		uint64_t key;     /* hash of object and reason */
		int64_t until_ms; /* 0: the place is free */
	} places[EVENT_MEMORY_MAX];
};

/* Whether an Event is to be given now, and remembers it if so. `now_ms` is not negative. */
enum event_news event_memory_note(struct event_memory *memory, const struct review_event *event,
				  int64_t now_ms) __attribute__((nonnull));

#endif
