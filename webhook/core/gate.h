/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: what makes the application wait until the redirect is in force and the proxy listens.
 * Both forms ask the gate's port, which only the redirect leads to the proxy.
 */
#ifndef SIDEWIRE_WEBHOOK_GATE_H
#define SIDEWIRE_WEBHOOK_GATE_H

#include <jansson.h>
#include <stdint.h>

#include "common/base/err.h"
#include "webhook/core/profile.h"

/* What is asked for. All pointers are borrowed. */
struct gate_request {
	enum gate gate;
	uint16_t port;         /* host byte order, not 0 unless the gate is GATE_NONE */
	const char *container; /* the proxy's, which the pod has */
	const char *image;     /* of the form exec; NULL: not known */
};

/*
 * The member of the proxy's container in the user's own pod that keeps the gate out,
 * "startupProbe" or "postStart". NULL where there is none, where it is the gate itself of an
 * earlier pass, and where `overlay`, the profile's pod, has one too: then the profile has no gate.
 * Static.
 */
const char *gate_obstacle(const json_t *pod, const json_t *overlay,
			  const struct gate_request *request) __attribute__((nonnull));

/*
 * Puts the gate on the proxy's container, unless that has a startupProbe (GATE_PROBE) or a
 * postStart (GATE_EXEC) already: of the profile, of the user, or of an earlier pass. The caller
 * owns *ret_pod, which is `pod` itself where nothing changed. -EINVAL where an image is needed and
 * not known, a volume of the pod has the gate's name, or the container mounts another in its place;
 * -ENOMEM.
 */
int gate_apply(json_t *pod, const struct gate_request *request, json_t **ret_pod, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
