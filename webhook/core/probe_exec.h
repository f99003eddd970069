/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blind probes (probe.h) that become exec probes of sidewire-gate. It runs in the application's own
 * container, from where the redirect leads nobody to the proxy, and asks the port itself.
 */
#ifndef SIDEWIRE_WEBHOOK_PROBE_EXEC_H
#define SIDEWIRE_WEBHOOK_PROBE_EXEC_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/image_volumes.h"

/* What is asked for. All pointers are borrowed. */
struct probe_exec_request {
	const json_t *overlay;            /* the redirecting profile's pod */
	const struct redirect_spec *spec; /* which ports are captured */
	const char *image;                /* that holds sidewire-gate; NULL: not known */
	enum image_volumes image_volumes;
	bool is_demanded; /* what cannot be is an error; else it is left as it is, and unless it is
			     known that image volumes can be mounted, all is */
};

/*
 * Makes `/sidewire/sidewire-gate --once PORT` of each blind probe of the pod, and puts in the
 * volume and the mounts that it needs; all else of a probe stays, its timeout too. Those that
 * became so in an earlier pass are no longer blind. The caller owns *ret_pod, which is `pod` itself
 * where nothing changed. -EINVAL, naming annotation, probe and reason, where one is demanded and
 * cannot be: no image volumes, no image, another volume of the name, another mount in the place;
 * -ENOMEM.
 */
int probe_exec_apply(json_t *pod, const struct probe_exec_request *request, json_t **ret_pod,
		     struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
