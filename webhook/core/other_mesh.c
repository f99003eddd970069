/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/other_mesh.h"

#include <stdbool.h>
#include <stddef.h>

#include "webhook/core/pod_shape.h"

/* AWS App Mesh and Open Service Mesh call theirs "envoy", which says nothing. */
static const struct other_mesh MESHES[] = {
	{"istio-proxy", "Istio"},
	{"linkerd-proxy", "Linkerd"},
	{"consul-dataplane", "Consul"},
	{"envoy-sidecar", "Consul"}, /* before 1.0 of its Kubernetes part */
	{"kuma-sidecar", "Kuma"},
	{"nginx-mesh-sidecar", "NGINX Service Mesh"},
};

static bool is_of_profile(const struct profile_choice *choice, const char *container)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		if (profile_choice_has(choice, POD_CONTAINER_LISTS[i], container))
			return true;
	}
	return false;
}

const struct other_mesh *other_mesh_find(const json_t *pod, const struct profile_choice *choice)
{
	for (size_t i = 0; i < sizeof(MESHES) / sizeof(*MESHES); i++) {
		if (pod_container(pod, MESHES[i].container) != NULL &&
		    !is_of_profile(choice, MESHES[i].container))
			return &MESHES[i];
	}
	return NULL;
}
