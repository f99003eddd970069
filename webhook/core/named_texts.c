/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/named_texts.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 16 };

const char *named_texts_text(const char *entry)
{
	return entry + strlen(entry) + 1;
}

void named_texts_release(struct named_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->entries[i]);
	free(texts->entries);
	*texts = (struct named_texts){0};
}

/* Where the name is, or would be. */
static size_t place_of(const struct named_texts *texts, const char *name)
{
	size_t low = 0;
	size_t high = texts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(texts->entries[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct named_texts *texts, size_t place, const char *name)
{
	return place < texts->count && strcmp(texts->entries[place], name) == 0;
}

bool named_texts_remove(struct named_texts *texts, const char *name)
{
	size_t place = place_of(texts, name);

	if (!is_at(texts, place, name))
		return false;
	free(texts->entries[place]);
	texts->count--;
	memmove(&texts->entries[place], &texts->entries[place + 1],
		(texts->count - place) * sizeof(*texts->entries));
	return true;
}

static bool has_room(struct named_texts *texts)
{
	size_t capacity = texts->capacity > 0 ? 2 * texts->capacity : CAPACITY_FIRST;

	if (texts->count < texts->capacity)
		return true;
	char **entries = realloc(texts->entries, capacity * sizeof(*entries));
	if (entries == NULL)
		return false;
	texts->entries = entries;
	texts->capacity = capacity;
	return true;
}

/* A name and its text in one piece. NULL without memory. */
static char *make_entry(const char *name, const char *text)
{
	size_t name_size = strlen(name) + 1;
	size_t text_size = strlen(text) + 1;
	char *entry = malloc(name_size + text_size);

	if (entry == NULL)
		return NULL;
	memcpy(entry, name, name_size);
	memcpy(entry + name_size, text, text_size);
	return entry;
}

/* Takes the entry, whose name is not there yet. */
static bool insert(struct named_texts *texts, char *entry)
{
	size_t place = place_of(texts, entry);

	if (!has_room(texts)) {
		free(entry);
		return false;
	}
	memmove(&texts->entries[place + 1], &texts->entries[place],
		(texts->count - place) * sizeof(*texts->entries));
	texts->entries[place] = entry;
	texts->count++;
	return true;
}

bool named_texts_put(struct named_texts *texts, const char *name, const char *text)
{
	char *entry = make_entry(name, text);

	named_texts_remove(texts, name);
	return entry != NULL && insert(texts, entry);
}

const char *named_texts_find(const struct named_texts *texts, const char *name)
{
	size_t place = place_of(texts, name);

	return is_at(texts, place, name) ? named_texts_text(texts->entries[place]) : NULL;
}
