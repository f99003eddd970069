/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/redirect_conflict.h"

#include <errno.h>
#include <string.h>

#include "webhook/core/container_identity.h"
#include "webhook/core/pod_shape.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

/* How a container says who it is, and how the rules know the proxy by it. */
struct identity {
	const char *member; /* of a securityContext */
	const char *noun;
	const struct range_list *proxys;
};

/* An application must not be taken for the proxy. */
static int check_application(const json_t *pod, const json_t *container,
			     const struct profile *profile, const struct identity *identity,
			     struct err *err)
{
	json_int_t id;

	if (!container_identity(pod, container, identity->member, &id) ||
	    !container_may_be(pod, container, identity->member, identity->proxys))
		return 0;
	return err_set(err, EINVAL,
		       "container '%.*s' runs as %s %" JSON_INTEGER_FORMAT
		       ", which is the proxy's (container '%.*s' of profile '%s'): its traffic "
		       "would bypass the proxy",
		       SHOWN_MAX, json_string_value(json_object_get(container, "name")),
		       identity->noun, id, SHOWN_MAX, profile->container, profile->name);
}

/* The proxy must be taken for the proxy. */
static int check_proxy(const json_t *pod, const json_t *container,
		       const struct identity identities[static 2], uint32_t mark, struct err *err)
{
	const struct identity *uid = &identities[0];
	const struct identity *gid = &identities[1];
	char text[CONTAINER_IDENTITY_TEXT_SIZE];

	if (mark != 0 || container_may_be(pod, container, uid->member, uid->proxys) ||
	    container_may_be(pod, container, gid->member, gid->proxys))
		return 0;
	container_identity_text(pod, container, uid->proxys, gid->proxys, text);
	return err_set(err, EINVAL,
		       "the proxy's container '%.*s' runs as %s, by which the redirect does not "
		       "know it: its own traffic would be sent back to it",
		       SHOWN_MAX, json_string_value(json_object_get(container, "name")), text);
}

/* The gate's port is redirected before all else (TCP; the default protocol of a port). */
static int check_ports(const json_t *container, uint16_t gate_port, struct err *err)
{
	json_t *ports = json_object_get(container, "ports");
	json_t *port;
	size_t index;

	json_array_foreach(ports, index, port) {
		const char *protocol = json_string_value(json_object_get(port, "protocol"));
		json_t *number = json_object_get(port, "containerPort");

		if (!json_is_integer(number) || json_integer_value(number) != gate_port ||
		    (protocol != NULL && strcmp(protocol, "TCP") != 0))
			continue;
		return err_set(err, EINVAL,
			       "container '%.*s' has port %u as its own, which is the gate's: "
			       "choose another port, or the annotation sidewire.io/gate: none",
			       SHOWN_MAX, json_string_value(json_object_get(container, "name")),
			       gate_port);
	}
	return 0;
}

/* Checks whose a container may be: the proxy's, another one of the profile, or the pod's own. */
static int check_identity(const json_t *pod, const json_t *container, const struct profile *profile,
			  const struct redirect_spec *spec, struct err *err)
{
	const struct identity identities[] = {{"runAsUser", "uid", &spec->proxy_uids},
					      {"runAsGroup", "gid", &spec->proxy_gids}};
	const char *name = json_string_value(json_object_get(container, "name"));

	if (strcmp(name, profile->container) == 0)
		return check_proxy(pod, container, identities, spec->proxy_mark, err);
	if (pod_container(profile->pod, name) != NULL)
		return 0;
	int r = check_application(pod, container, profile, &identities[0], err);
	return r == 0 ? check_application(pod, container, profile, &identities[1], err) : r;
}

int redirect_conflict_check(const json_t *pod, const struct profile *profile,
			    const struct redirect_spec *spec, struct err *err)
{
	for (size_t i = 0; i < POD_CONTAINER_LIST_COUNT; i++) {
		json_t *containers = pod_list(pod, POD_CONTAINER_LISTS[i]);
		json_t *container;
		size_t index;

		json_array_foreach(containers, index, container) {
			int r = check_identity(pod, container, profile, spec, err);

			if (r == 0 && spec->gate_port != 0)
				r = check_ports(container, spec->gate_port, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
