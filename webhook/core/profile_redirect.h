/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a profile that says how traffic is redirected: `spec.redirect`. */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_REDIRECT_H
#define SIDEWIRE_WEBHOOK_PROFILE_REDIRECT_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/profile.h"

/*
 * Reads `spec.redirect` into the profile, whose overlay was read before: the proxy's container must
 * be in it, and run as one of the proxy's uids or gids where it says as whom. Whatever was read is
 * the profile's, also on failure. -EINVAL or -ERANGE, naming the member; -E2BIG; -ENOMEM.
 */
int profile_redirect_read(json_t *redirect, struct profile *profile, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
