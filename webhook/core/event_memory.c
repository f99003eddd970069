/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/event_memory.h"

#include <stddef.h>

/* FNV-1a, 64 bits, with the text's NUL. */
static uint64_t add_text(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++ != '\0');
	return hash;
}

static uint64_t make_key(const struct review_event *event)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = add_text(hash, event->namespace_name);
	hash = add_text(hash, event->kind);
	hash = add_text(hash, event->name);
	hash = add_text(hash, event->uid);
	return add_text(hash, event->why);
}

enum event_news event_memory_note(struct event_memory *memory, const struct review_event *event,
				  int64_t now_ms)
{
	uint64_t key = make_key(event);
	size_t free_place = EVENT_MEMORY_MAX;

	for (size_t i = 0; i < EVENT_MEMORY_MAX; i++) {
		if (memory->places[i].until_ms <= now_ms)
			free_place = i;
		else if (memory->places[i].key == key)
			return EVENT_IS_REPEATED;
	}
	if (free_place == EVENT_MEMORY_MAX)
		return EVENT_IS_TOO_MUCH;
	memory->places[free_place].key = key;
	memory->places[free_place].until_ms = now_ms + EVENT_MEMORY_MS;
	return EVENT_IS_NEW;
}
