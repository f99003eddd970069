/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the Kubernetes API is asked again, and for what: by the status of the reply alone. */
#ifndef SIDEWIRE_BASE_KUBE_RETRY_H
#define SIDEWIRE_BASE_KUBE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	KUBE_PAUSE_FIRST_MS = 200,          /* the longest pause after one failure */
	KUBE_PAUSE_MAX_MS = 30 * 1000,      /* the longest after any number of them */
	KUBE_RETRY_AFTER_MAX_MS = 60 * 1000 /* of what a server asks for, so much is obeyed */
};

/*
 * The pause before the next attempt, after `failures` in a row: twice as long after each, and
 * somewhere in the upper half of that as `random` (any value) has it, so that many clients do not
 * come back together. No shorter than the seconds of a Retry-After header, 0 for none.
 */
unsigned int kube_pause_ms(unsigned int failures, uint32_t random, unsigned long retry_after_s);

/*
 * Whether a call with this HTTP status is worth another attempt: 429, which says that nothing was
 * done, and 5xx.
 */
bool kube_is_retried(long status);

/*
 * Whether a watch that got this HTTP status, or an ERROR event with this code, can go on later from
 * where it was: after 401, 403, 429, 5xx. Otherwise, 410 (the server has forgotten that place)
 * above all, it must list anew.
 */
bool kube_is_resumed(long status);

#endif
