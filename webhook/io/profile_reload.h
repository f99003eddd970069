/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading profiles into the slot: at start, when what is stored changes, and when told to. */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_RELOAD_H
#define SIDEWIRE_WEBHOOK_PROFILE_RELOAD_H

#include <stdbool.h>

#include "common/base/err.h"
#include "webhook/io/profile_slot.h"
#include "webhook/io/profile_store.h"

/* Where profiles come from and go to; the first three are set by the caller, and borrowed. One
 * thread uses it. */
struct profile_reload {
	const char *directory;
	const char *default_profiles; /* a set without them is not put in force */
	struct profile_slot *slot;
	char version[PROFILE_VERSION_SIZE]; /* that was loaded last, whether it was good or not */
	bool is_failed;
};

/*
 * Loads what is stored. On failure the set in force stays there, and the slot's report says why.
 * What profile_store_load() and profile_choose() say.
 */
int profile_reload_load(struct profile_reload *reload, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The same, said in the log: what was loaded, or why it was not. */
void profile_reload_now(struct profile_reload *reload) __attribute__((nonnull));

/*
 * The same if a mounted ConfigMap has changed, or after a load that failed, which is only said
 * again when it fails for another reason. To be called every few seconds: where nothing has
 * changed it costs one readlink(2).
 */
void profile_reload_poll(struct profile_reload *reload) __attribute__((nonnull));

#endif
