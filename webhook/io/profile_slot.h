/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profiles in force. A set never changes; whoever reads holds a reference to the one that was
 * in force when he began, so that one answer comes from one set, whatever replaces it meanwhile.
 */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_SLOT_H
#define SIDEWIRE_WEBHOOK_PROFILE_SLOT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "common/base/err.h"
#include "webhook/core/profile.h"

/* A set that several hold. */
struct profile_snapshot;

/* Gives a reference back; the last one frees the set. NULL is allowed. */
void profile_snapshot_unref(struct profile_snapshot *snapshot);

/* For CLEANUP(). */
void profile_snapshot_unrefp(struct profile_snapshot **snapshot) __attribute__((nonnull));

/* The set, valid as long as the reference is held. */
const struct profile_set *profile_snapshot_set(const struct profile_snapshot *snapshot)
	__attribute__((nonnull));

/* Where threads find the set in force, and the one that loads it replaces it. */
struct profile_slot {
	pthread_mutex_t mutex;
	struct profile_snapshot *current; /* one reference is the slot's */
	uint64_t loads;
	uint64_t failed_loads;
	char trouble[ERR_MSG_SIZE]; /* why the last load failed; empty: it did not */
};

/* What is to be told about the slot. */
struct profile_report {
	size_t count; /* of profiles in force; 0: there was no load that succeeded */
	char hash[PROFILE_HASH_SIZE]; /* of them */
	time_t loaded_at;             /* Unix time; 0 where there are none */
	uint64_t loads;               /* that succeeded */
	uint64_t failed_loads;
	char trouble[ERR_MSG_SIZE]; /* as above: what is stored is not what is in force */
};

/* Begins with an empty set. The caller releases the slot. -ENOMEM. */
int profile_slot_init(struct profile_slot *slot, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Nobody may use the slot any more; references that are held stay good. */
void profile_slot_release(struct profile_slot *slot) __attribute__((nonnull));

/* Puts a set in force, and takes it over: *set is empty afterwards. -ENOMEM: nothing happened. */
int profile_slot_replace(struct profile_slot *slot, struct profile_set *set, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Notes that a load failed; the set in force stays. */
void profile_slot_fail(struct profile_slot *slot, const char *trouble) __attribute__((nonnull));

/* A reference to the set in force, for the caller to give back. */
struct profile_snapshot *profile_slot_get(struct profile_slot *slot) __attribute__((nonnull));

/* Tells all of it as of one moment. */
void profile_slot_report(struct profile_slot *slot, struct profile_report *ret_report)
	__attribute__((nonnull));

#endif
