/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/tproxy_privilege.h"

#include <errno.h>

#include "common/base/word_list.h"
#include "common/vocabulary.h"
#include "webhook/core/annotation.h"
#include "webhook/core/container_identity.h"
#include "webhook/core/pod_shape.h"

enum {
	SHOWN_MAX = 64, /* bytes of foreign text that a message repeats */
};

bool tproxy_privilege_is_needed(enum redirect_mode mode)
{
	return mode == REDIRECT_MODE_TPROXY || mode == REDIRECT_MODE_TPROXY_BOTH;
}

static bool is_enough(const char *capability)
{
	static const char *const ENOUGH[] = {"NET_RAW", "NET_ADMIN", "ALL", NULL};

	return capability != NULL && word_list_has(ENOUGH, capability);
}

static bool is_privileged(const json_t *container)
{
	const json_t *context = json_object_get(container, "securityContext");
	const json_t *added = json_object_get(json_object_get(context, "capabilities"), "add");
	json_t *capability;
	size_t index;

	if (json_is_true(json_object_get(context, "privileged")))
		return true;
	json_array_foreach(added, index, capability) {
		if (is_enough(json_string_value(capability)))
			return true;
	}
	return false;
}

/* Whether the kubelet lets it run as anybody but root (core/v1, SecurityContext.runAsNonRoot, which
 * wins over PodSecurityContext's). */
static bool is_never_root(const json_t *pod, const json_t *container)
{
	const char *const member = "runAsNonRoot";
	json_t *own = json_object_get(json_object_get(container, "securityContext"), member);
	json_t *spec = json_object_get(pod, "spec");
	json_t *pods = json_object_get(json_object_get(spec, "securityContext"), member);

	return json_is_true(own != NULL && !json_is_null(own) ? own : pods);
}

static int check(const json_t *pod, const char *container, struct err *err)
{
	const json_t *proxy = pod_container(pod, container);
	json_int_t uid = 0;

	if (!is_privileged(proxy))
		return err_set(err, EINVAL,
			       "the proxy's container '%.*s' lacks the capability NET_RAW, which "
			       "TPROXY takes: expected it in securityContext.capabilities.add",
			       SHOWN_MAX, container);
	if (container_identity(pod, proxy, "runAsUser", &uid) && uid != 0)
		return err_set(err, EINVAL,
			       "the proxy's container '%.*s' runs as uid %" JSON_INTEGER_FORMAT
			       ", which its capability NET_RAW does not reach: for TPROXY a proxy "
			       "runs as root, and is known by its group",
			       SHOWN_MAX, container, uid);
	if (is_never_root(pod, proxy))
		return err_set(err, EINVAL,
			       "the proxy's container '%.*s' has runAsNonRoot: true, of its own or "
			       "of the pod: for TPROXY a proxy runs as root; expected "
			       "securityContext.runAsNonRoot: false in the container",
			       SHOWN_MAX, container);
	return 0;
}

int tproxy_privilege_check(const json_t *pod, const char *container, const json_t *annotations,
			   struct err *err)
{
	const char *mode = annotation_get(annotations, ANNOTATION_REDIRECT_MODE);
	int r = check(pod, container, err);

	return r < 0 && mode != NULL
		       ? err_wrap(err, "annotation '" ANNOTATION_REDIRECT_MODE "' is '%.*s'",
				  SHOWN_MAX, mode)
		       : r;
}
