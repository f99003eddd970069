/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sidecar of another mesh that a pod has already: two proxies would redirect the same traffic. */
#ifndef SIDEWIRE_WEBHOOK_OTHER_MESH_H
#define SIDEWIRE_WEBHOOK_OTHER_MESH_H

#include <jansson.h>

#include "webhook/core/profile_choice.h"

struct other_mesh {
	const char *container; /* the name that its injector gives to the proxy's container */
	const char *name;      /* for people */
};

/*
 * The first mesh whose sidecar is among the containers of a pod that pod_shape_check() accepts;
 * static, NULL: none. A container that a chosen profile has too is the user's part of that
 * profile, not another mesh's.
 */
const struct other_mesh *other_mesh_find(const json_t *pod, const struct profile_choice *choice)
	__attribute__((nonnull));

#endif
