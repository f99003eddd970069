/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privilege that TPROXY takes. The kernel hands packets to a socket with IP_TRANSPARENT only,
 * which a process may set that has CAP_NET_RAW or CAP_NET_ADMIN (ip(7)); and of the capabilities
 * that a container is given, only root has any in effect (capabilities(7), execve).
 */
#ifndef SIDEWIRE_WEBHOOK_TPROXY_PRIVILEGE_H
#define SIDEWIRE_WEBHOOK_TPROXY_PRIVILEGE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"

/* What becomes of pods with the privilege, for who asks before (Kubernetes' Pod Security
 * Standards).
 */
#define POD_SECURITY_REFUSED "the Pod Security Standards baseline and restricted refuse its pods"

/* Whether a proxy needs the privilege in that mode. */
bool tproxy_privilege_is_needed(enum redirect_mode mode);

/*
 * Checks that the container of a pod, or of an overlay, has the privilege: that neither it nor the
 * pod for it says to be anybody but root (runAsUser, runAsNonRoot), and that it is privileged or
 * adds one of the capabilities. -EINVAL, naming the container, what it lacks, and the annotation by
 * which the mode was chosen, where that is in `annotations`, an object of texts, or NULL.
 */
int tproxy_privilege_check(const json_t *pod, const char *container, const json_t *annotations,
			   struct err *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));

#endif
