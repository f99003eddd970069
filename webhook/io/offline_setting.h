/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sidewire-inject takes the cluster to be: profiles and namespaces from files, or from a
 * cluster that is there. */
#ifndef SIDEWIRE_WEBHOOK_OFFLINE_SETTING_H
#define SIDEWIRE_WEBHOOK_OFFLINE_SETTING_H

#include "common/base/err.h"
#include "webhook/core/manifest_inject.h"
#include "webhook/io/inject_options.h"
#include "webhook/io/living_cluster.h"

struct offline_setting {
	struct manifest_setting setting; /* borrows from the others, and from the options */
	struct profile_set profiles;     /* owned, as all that follow */
	struct manifest_namespaces namespaces;
	struct living_cluster cluster; /* zero unless a pod of one is meant */
	char *default_profiles;
};

/*
 * Reads the files that the options name; without any, the profiles that are installed, where the
 * command needs some; lint does with none. For a pod that is in a cluster, what no option says is
 * asked there. The setting
 * must stay where it is, and the caller releases it, also on failure. What is wrong with a file,
 * the file named.
 */
int offline_setting_load(const struct inject_command_options *options,
			 struct offline_setting *setting, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees it. For CLEANUP(). */
void offline_setting_release(struct offline_setting *setting) __attribute__((nonnull));

#endif
