/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What whoever creates a pod is to hear though it is injected. */
#ifndef SIDEWIRE_WEBHOOK_INJECT_WARNINGS_H
#define SIDEWIRE_WEBHOOK_INJECT_WARNINGS_H

#include <jansson.h>

#include "common/redirect_spec.h"
#include "webhook/core/app_overlay.h"
#include "webhook/core/inject.h"
#include "webhook/core/probe_adapt.h"

/* An injected pod, and what was put on it. Borrowed. */
struct inject_warnings_subject {
	const json_t *pod;
	struct app_overlays apps;             /* with the choice of profiles */
	const struct redirect_spec *redirect; /* this, and the next: if one of them redirects */
	enum probe_mode probes;
};

/* Adds a warning, cut to its size; one that finds no room is left out. */
void inject_warn(struct inject_result *result, const char *format, ...)
	__attribute__((nonnull, format(printf, 2, 3)));

/*
 * Warns of what is allowed, and hardly meant: an image named "auto", a variable that could not be
 * joined, so that an agent lacks what it needs, and a probe that the proxy will answer.
 */
void inject_warnings_add(const struct inject_warnings_subject *subject,
			 struct inject_result *result) __attribute__((nonnull));

#endif
