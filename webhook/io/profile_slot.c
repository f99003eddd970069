/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/profile_slot.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/io/profile_store.h"

struct profile_snapshot {
	atomic_uint references;
	struct profile_set set;
	char hash[PROFILE_HASH_SIZE];
	time_t loaded_at;
};

/* A snapshot with one reference; takes the set over. */
static int snapshot_new(struct profile_set *set, time_t loaded_at,
			struct profile_snapshot **ret_snapshot, struct err *err)
{
	struct profile_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (snapshot == NULL)
		return err_set(err, ENOMEM, "out of memory");
	atomic_init(&snapshot->references, 1);
	snapshot->loaded_at = loaded_at;
	snapshot->set = *set;
	*set = (struct profile_set){0};
	profile_store_hash(&snapshot->set, snapshot->hash);
	*ret_snapshot = snapshot;
	return 0;
}

void profile_snapshot_unref(struct profile_snapshot *snapshot)
{
	if (snapshot == NULL ||
	    atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) > 1)
		return;
	profile_set_release(&snapshot->set);
	free(snapshot);
}

void profile_snapshot_unrefp(struct profile_snapshot **snapshot)
{
	profile_snapshot_unref(*snapshot);
}

const struct profile_set *profile_snapshot_set(const struct profile_snapshot *snapshot)
{
	return &snapshot->set;
}

int profile_slot_init(struct profile_slot *slot, struct err *err)
{
	struct profile_set nothing = {0};
	struct profile_snapshot *snapshot = NULL;
	int r = snapshot_new(&nothing, 0, &snapshot, err);

	if (r < 0)
		return r;
	*slot = (struct profile_slot){.current = snapshot};
	pthread_mutex_init(&slot->mutex, NULL);
	return 0;
}

void profile_slot_release(struct profile_slot *slot)
{
	profile_snapshot_unref(slot->current);
	pthread_mutex_destroy(&slot->mutex);
}

int profile_slot_replace(struct profile_slot *slot, struct profile_set *set, struct err *err)
{
	struct profile_snapshot *snapshot = NULL;
	int r = snapshot_new(set, time(NULL), &snapshot, err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&slot->mutex);
	struct profile_snapshot *before = slot->current;
	slot->current = snapshot;
	slot->loads++;
	slot->trouble[0] = '\0';
	pthread_mutex_unlock(&slot->mutex);
	profile_snapshot_unref(before);
	return 0;
}

void profile_slot_fail(struct profile_slot *slot, const char *trouble)
{
	pthread_mutex_lock(&slot->mutex);
	slot->failed_loads++;
	snprintf(slot->trouble, sizeof(slot->trouble), "%s", trouble);
	pthread_mutex_unlock(&slot->mutex);
}

struct profile_snapshot *profile_slot_get(struct profile_slot *slot)
{
	pthread_mutex_lock(&slot->mutex);
	struct profile_snapshot *snapshot = slot->current;
	atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
	pthread_mutex_unlock(&slot->mutex);
	return snapshot;
}

void profile_slot_report(struct profile_slot *slot, struct profile_report *ret_report)
{
	pthread_mutex_lock(&slot->mutex);
	*ret_report = (struct profile_report){
		.count = slot->current->set.count,
		.loaded_at = slot->current->loaded_at,
		.loads = slot->loads,
		.failed_loads = slot->failed_loads,
	};
	memcpy(ret_report->hash, slot->current->hash, sizeof(ret_report->hash));
	memcpy(ret_report->trouble, slot->trouble, sizeof(ret_report->trouble));
	pthread_mutex_unlock(&slot->mutex);
}
