/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An Event of the Kubernetes API (core/v1), which `kubectl get events` and `kubectl describe` show
 * beside the object that it is about. */
#ifndef SIDEWIRE_BASE_EVENT_OBJECT_H
#define SIDEWIRE_BASE_EVENT_OBJECT_H

#include <jansson.h>

/* All texts are UTF-8, and borrowed. Those that may be NULL are left out of the Event then. */
struct event_object {
	const char *component;      /* who says so: "sidewire-node"; its name begins with it */
	const char *host;           /* the node or pod that says so */
	const char *namespace_name; /* where it stands: about_namespace, or "default" without it */
	const char *about_api_version;
	const char *about_kind;
	const char *about_namespace; /* may be NULL: the object is in none */
	const char *about_name;
	const char *about_uid; /* may be NULL: `kubectl describe` does not show it then */
	const char *reason;    /* PascalCase, up to 128 bytes */
	const char *message;   /* up to 1024 bytes, as events.k8s.io/v1 wants its note */
	const char *time;      /* RFC 3339, in seconds: "2026-01-31T12:00:00Z" */
};

/* Makes the Event, of type Warning, for a POST to the namespace's collection. The caller owns it;
 * NULL without memory. */
json_t *event_object_make(const struct event_object *event) __attribute__((nonnull));

#endif
