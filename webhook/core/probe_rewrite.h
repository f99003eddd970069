/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes and lifecycle handlers that a sidecar answers: the kubelet asks the sidecar's port for
 * probes by http, and the sidecar asks the application in the way that it was told. It is told by
 * an environment variable of its own, compact JSON with a member for each question, named by the
 * path that the kubelet asks for:
 *
 *   {"/app-health/shop/livez":{"tcpSocket":{"port":8080},"timeoutSeconds":3},
 *    "/app-health/shop/readyz":{"httpGet":{"path":"/ready","port":8080,"scheme":"HTTPS"}},
 *    "/app-health/shop/startupz":{"grpc":{"port":9090}},
 *    "/app-lifecycle/shop/poststartz":{"httpGet":{"path":"/begin","port":8080}},
 *    "/app-lifecycle/shop/prestopz":{"httpGet":{"path":"/end","port":8080}}}
 *
 * "shop" is the container. An action is the container's own (host, path, headers, scheme, service),
 * but for a port's name, which became its number. The format is that of Istio's
 * ISTIO_KUBE_APP_PROBERS (pkg/kube/inject/app_probe.go, cmd/status/server.go). "$", which the
 * kubelet would expand, is written as \u0024.
 */
#ifndef SIDEWIRE_WEBHOOK_PROBE_REWRITE_H
#define SIDEWIRE_WEBHOOK_PROBE_REWRITE_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/profile.h"

enum {
	/* Linux takes no longer text of a variable than 32 pages, its name and the NUL included
	 * (MAX_ARG_STRLEN, linux/binfmts.h). */
	PROBE_REWRITE_SIZE_MAX = 32 * 4096,
};

/*
 * Points the application's http, tcp and grpc probes and lifecycle handlers at the profile's port
 * for probes, hands them to its sidecar, and leaves that port out of the redirect. Those that an
 * earlier pass has changed stay, and stay in the variable. The caller owns *ret_pod, which is `pod`
 * itself where nothing changed. -EINVAL, naming the annotation, for a profile that has no such
 * port, a port's name that the container does not have, a probe of that very port, a variable of
 * the sidecar that holds something else; -E2BIG over PROBE_REWRITE_SIZE_MAX; -ENOMEM. The spec may
 * then be changed.
 */
int probe_rewrite_apply(json_t *pod, const struct profile *profile, struct redirect_spec *spec,
			json_t **ret_pod, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
