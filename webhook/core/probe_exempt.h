/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports that only probes use, left out of the redirect: the kubelet then asks the application
 * itself. Which ports a Service or a neighbour uses no pod can tell. So those are meant that no
 * container of the pod declares in its `ports`; a probe that names its port by a name has declared
 * it.
 */
#ifndef SIDEWIRE_WEBHOOK_PROBE_EXEMPT_H
#define SIDEWIRE_WEBHOOK_PROBE_EXEMPT_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"

/*
 * Adds to the spec's excluded inbound ports what the application's probes ask, by http, tcp or
 * grpc, at the pod's address. `overlay` is the redirecting profile's pod. -E2BIG where the list has
 * no room for them; -ENOMEM; the spec may then hold a part of them.
 */
int probe_exempt_apply(const json_t *pod, const json_t *overlay, struct redirect_spec *spec,
		       struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
