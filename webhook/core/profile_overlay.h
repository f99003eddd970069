/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a profile that are put into pods: `spec.pod`, `spec.apps`, `spec.first`. */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_OVERLAY_H
#define SIDEWIRE_WEBHOOK_PROFILE_OVERLAY_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/profile.h"

/*
 * Reads `pod`, `apps` and `first` of a profile's spec into the profile, whose parameters were read
 * before; an empty overlay when there is no `pod`. It must have a pod's outlines
 * (pod_shape_check()) and nothing but labels, annotations and spec; the parameters that it uses
 * must be declared; names must be fixed, since they say what of a pod is ours; it must be a patch
 * that strategic_merge() takes, and pass overlay_check(). A patch must be `apps`, a container
 * without a name, and without nulls and directives, which would have no effect; its variables have
 * texts as values, where `append` says what they are joined by. `first` must name an init container
 * of `pod`. -EINVAL, -ENOTSUP or -E2BIG, naming the path; -ENOMEM.
 */
int profile_overlay_read(const json_t *spec, struct profile *profile, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
