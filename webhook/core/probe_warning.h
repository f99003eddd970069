/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes that say nothing behind a redirect: the proxy accepts every connection, so a tcpSocket
 * probe succeeds whether the application listens or not. Probes by http, https, grpc and exec go
 * through to the application and tell the truth.
 */
#ifndef SIDEWIRE_WEBHOOK_PROBE_WARNING_H
#define SIDEWIRE_WEBHOOK_PROBE_WARNING_H

#include <jansson.h>
#include <stdbool.h>

#include "common/redirect_spec.h"

/* Where such a probe is. Borrowed from the pod, or static. */
struct blind_probe {
	const char *container;
	const char *member; /* "readinessProbe" */
};

/*
 * Finds the first tcpSocket probe of the pod, checked by pod_shape_check(), at a port whose inbound
 * traffic the spec captures. Containers that `overlay`, a profile's pod, has too are the profile's.
 * A port's name that the container does not declare is left to the kubelet. false: there is none.
 */
bool probe_warning_find(const json_t *pod, const json_t *overlay, const struct redirect_spec *spec,
			struct blind_probe *ret_probe) __attribute__((nonnull));

#endif
