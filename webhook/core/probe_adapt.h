/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a pod's probes behind a redirect: the annotation `probes`. */
#ifndef SIDEWIRE_WEBHOOK_PROBE_ADAPT_H
#define SIDEWIRE_WEBHOOK_PROBE_ADAPT_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/image_volumes.h"
#include "webhook/core/profile.h"

enum probe_mode {
	PROBE_MODE_AUTO,    /* blind ones become exec probes where image volumes exist */
	PROBE_MODE_KEEP,    /* none is touched */
	PROBE_MODE_EXEC,    /* blind ones become exec probes, or the pod is refused */
	PROBE_MODE_EXEMPT,  /* ports that only probes use are not redirected */
	PROBE_MODE_REWRITE, /* the sidecar asks in the kubelet's stead */
};

/* What is asked for. All pointers are borrowed. */
struct probe_request {
	enum probe_mode mode;
	const struct profile *profile; /* that redirects */
	const char *image;             /* that holds sidewire-gate; NULL: not known */
	enum image_volumes image_volumes;
};

/* The word for a mode in the annotation. Static. */
const char *probe_mode_name(enum probe_mode mode);

/* Reads the annotation `probes`; auto where it is absent. -EINVAL, naming annotation and value. */
int probe_mode_read(const json_t *annotations, enum probe_mode *ret_mode, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));

/*
 * Does it to the pod, which the profile was merged into, and to the spec. Where the spec's mode is
 * none nothing is done: no probe is blind then. The caller owns *ret_pod, which is `pod` itself
 * where nothing changed. The errors of probe_exec_apply(), probe_exempt_apply() and
 * probe_rewrite_apply(), each for its mode.
 */
int probe_adapt(json_t *pod, const struct probe_request *request, struct redirect_spec *spec,
		json_t **ret_pod, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
