/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a profile's redirect and the pod's annotations to the redirect document: nothing is left
 * open. */
#ifndef SIDEWIRE_WEBHOOK_REDIRECT_RESOLVE_H
#define SIDEWIRE_WEBHOOK_REDIRECT_RESOLVE_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/profile.h"

/*
 * Resolves for a profile that redirects. `annotations` is the pod's object of texts, checked by
 * annotation_check(), or NULL. Include lists of the pod replace the profile's, exclude lists add to
 * them. With mode none every value is read nevertheless, and there is no gate. *ret_gate is how to
 * wait; the spec's gate port is 0 for GATE_NONE. The caller releases *ret_spec. -EINVAL, -ERANGE or
 * -E2BIG, naming annotation, value and what was expected; -ENOMEM.
 */
int redirect_resolve(const struct profile *profile, const json_t *annotations,
		     struct redirect_spec *ret_spec, enum gate *ret_gate, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

#endif
