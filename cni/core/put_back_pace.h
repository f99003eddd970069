/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often what somebody takes away is put back. The first times at once; then, when it is a
 * fight, after pauses that grow to a minute, so that neither side burns the node.
 */
#ifndef SIDEWIRE_CNI_PUT_BACK_PACE_H
#define SIDEWIRE_CNI_PUT_BACK_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PUT_BACK_FREE = 5, /* times within the window before it is a fight */
	PUT_BACK_WINDOW_MS = 10 * 60 * 1000,
	PUT_BACK_PAUSE_MS = 1000, /* the first pause; each one is twice the one before */
	PUT_BACK_PAUSE_MS_MAX = 60 * 1000,
	PUT_BACK_KEPT = 16, /* times that are remembered: enough for the longest pause */
};

/* Zeroed: nothing was put back yet. */
struct put_back_pace {
	int64_t times_ms[PUT_BACK_KEPT]; /* of a clock that never goes back; a ring */
	size_t count;                    /* ever */
};

/* Notes that something was put back now. */
void put_back_note(struct put_back_pace *pace, int64_t now_ms) __attribute__((nonnull));

/* Milliseconds until the next time is allowed; 0: now. */
int64_t put_back_wait_ms(const struct put_back_pace *pace, int64_t now_ms) __attribute__((nonnull));

/* Whether it is a fight: PUT_BACK_FREE times or more within the window. */
bool put_back_is_fight(const struct put_back_pace *pace, int64_t now_ms) __attribute__((nonnull));

#endif
