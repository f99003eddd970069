/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the objects of an installation in a cluster say of how its webhook decides. */
#ifndef SIDEWIRE_WEBHOOK_INSTALLATION_H
#define SIDEWIRE_WEBHOOK_INSTALLATION_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/image_volumes.h"
#include "webhook/core/profile.h"

/* All texts are borrowed from the Deployment. */
struct installation {
	const char *image;                /* of the webhook's container: what holds the gate */
	const char *default_profiles;     /* NULL: not said */
	enum image_volumes image_volumes; /* unknown: not said, so its nodes are asked */
};

/*
 * Reads the webhook's Deployment (manifests/base/webhook.yaml): image, and arguments as "--name",
 * "value" or "--name=value". -EINVAL where it has no container `webhook`, or something is not of
 * its type.
 */
int installation_read(const json_t *deployment, struct installation *ret_installation,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Reads the profiles of a ConfigMap, one for each key *.yaml, *.yml or *.json of `data`. The
 * caller releases *ret_set. The errors of profile_read(), the key named; -ENOENT where there is
 * none; -ENOMEM.
 */
int installation_profiles(const json_t *config_map, struct profile_set *ret_set, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
