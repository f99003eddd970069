/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kubelet asks the containers of a pod: their probes and lifecycle handlers (k8s.io/api
 * core/v1, Container). Behind a redirect a tcpSocket probe is blind: the proxy accepts every
 * connection, so it succeeds whether the application listens or not. Probes by http, https, grpc
 * and exec go through to the application and tell the truth.
 *
 * Pods passed pod_shape_check(). Containers that `overlay`, the redirecting profile's pod, has too
 * are the profile's, and nobody's business here; all others are the application's.
 */
#ifndef SIDEWIRE_WEBHOOK_PROBE_H
#define SIDEWIRE_WEBHOOK_PROBE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"

/* A place where a container may have something to ask. All static. */
struct probe_place {
	const char *holder; /* the member of the container that holds it; NULL: the container */
	const char *member; /* "readinessProbe" */
	/* Parts of the path where a sidecar answers in its stead, see probe_rewrite.h. */
	const char *path_root;
	const char *path_leaf;
};

/* The probes stand before the handlers. */
enum { PROBE_PLACE_COUNT = 5, PROBE_PLACE_PROBES = 3 };
extern const struct probe_place PROBE_PLACES[PROBE_PLACE_COUNT];

/* A question over the network: by http, tcp or grpc. Borrowed from the pod, or static. */
struct probe {
	const json_t *container;
	const struct probe_place *place;
	json_t *value;    /* the whole probe or handler */
	const char *form; /* the member of it that says how: "httpGet", "tcpSocket", "grpc" */
	json_t *action;   /* that member */
};

/* Whether the container is the profile's. */
bool probe_is_of_overlay(const json_t *overlay, const json_t *container) __attribute__((nonnull));

/* Reads what the container has in that place. false: nothing, or nothing over the network. */
bool probe_read(const json_t *container, const struct probe_place *place, struct probe *ret_probe)
	__attribute__((nonnull));

/* The name of the probe's container. Borrowed. */
const char *probe_container_name(const struct probe *probe) __attribute__((nonnull));

/*
 * The number of the port that is asked; a name is that of one of the container's ports, of whatever
 * protocol, as for the kubelet. 0 where there is none that a connection can be made to.
 */
uint16_t probe_port(const struct probe *probe) __attribute__((nonnull));

/* Whether it asks an address of its own (`host`), which is not the pod's. */
bool probe_has_host(const struct probe *probe) __attribute__((nonnull));

/* Whether inbound traffic to the port goes to the proxy. Port 0 does not. */
bool probe_is_captured(const struct redirect_spec *spec, uint16_t port) __attribute__((nonnull));

/* Whether a probe, no handler, is answered by the proxy in the application's stead. */
bool probe_is_blind(const struct probe *probe, const struct redirect_spec *spec)
	__attribute__((nonnull));

/* Finds the first blind probe of the pod. false: there is none. */
bool probe_find_blind(const json_t *pod, const json_t *overlay, const struct redirect_spec *spec,
		      struct probe *ret_probe) __attribute__((nonnull));

/*
 * Makes the probe ask in another way: `action`, which is taken, as member `form`. All else of it
 * stays. `*edited` is its container on an edit, as in json_edit.h. -ENOMEM, also for a NULL action.
 */
int probe_set_action(const struct probe *probe, const char *form, json_t *action, json_t **edited,
		     struct err *err) __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/* What an edit makes of one container: *ret_container, `container` itself where nothing changed. */
typedef int probe_container_edit(void *context, json_t *container, json_t **ret_container,
				 struct err *err);

/*
 * Edits each container and init container of the application. The caller owns *ret_pod, which is
 * `pod` itself where nothing changed. What `edit` says; -ENOMEM.
 */
int probe_edit_containers(json_t *pod, const json_t *overlay, probe_container_edit *edit,
			  void *context, json_t **ret_pod, struct err *err)
	__attribute__((nonnull(1, 2, 3, 5, 6), warn_unused_result));

#endif
