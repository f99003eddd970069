/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What in a pod would defeat its own redirect, as far as the pod's text tells. */
#ifndef SIDEWIRE_WEBHOOK_REDIRECT_CONFLICT_H
#define SIDEWIRE_WEBHOOK_REDIRECT_CONFLICT_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/profile.h"

/*
 * Checks the injected pod against its redirect document, for a mode that redirects:
 * - no container but those of the profile runs as an identity of the proxy (it would bypass it);
 * - the proxy's container runs as one (else its own traffic would come back to it, without end);
 * - no container has the gate's port as its own.
 * Identities that the pod does not state, because an image's USER decides, pass. -EINVAL, naming
 * both sides.
 */
int redirect_conflict_check(const json_t *pod, const struct profile *profile,
			    const struct redirect_spec *spec, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
