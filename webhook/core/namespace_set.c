/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/namespace_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_text.h"
#include "webhook/core/namespace_defaults.h"

enum { CAPACITY_FIRST = 16 };

static const char *text_of(const char *entry)
{
	return entry + strlen(entry) + 1;
}

void namespace_set_release(struct namespace_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->entries[i]);
	free(set->entries);
	*set = (struct namespace_set){0};
}

/* Where the name is, or would be. */
static size_t place_of(const struct namespace_set *set, const char *name)
{
	size_t low = 0;
	size_t high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(set->entries[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct namespace_set *set, size_t place, const char *name)
{
	return place < set->count && strcmp(set->entries[place], name) == 0;
}

static void forget(struct namespace_set *set, const char *name)
{
	size_t place = place_of(set, name);

	if (!is_at(set, place, name))
		return;
	free(set->entries[place]);
	set->count--;
	memmove(&set->entries[place], &set->entries[place + 1],
		(set->count - place) * sizeof(*set->entries));
}

static bool has_room(struct namespace_set *set)
{
	size_t capacity = set->capacity > 0 ? 2 * set->capacity : CAPACITY_FIRST;

	if (set->count < set->capacity)
		return true;
	char **entries = realloc(set->entries, capacity * sizeof(*entries));
	if (entries == NULL)
		return false;
	set->entries = entries;
	set->capacity = capacity;
	return true;
}

/* Takes the entry, whose name is not there yet. */
static void insert(struct namespace_set *set, char *entry)
{
	size_t place = place_of(set, entry);

	if (!has_room(set)) {
		free(entry);
		return;
	}
	memmove(&set->entries[place + 1], &set->entries[place],
		(set->count - place) * sizeof(*set->entries));
	set->entries[place] = entry;
	set->count++;
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

static const char *name_of(const json_t *object)
{
	return json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));
}

void namespace_set_put(struct namespace_set *set, const json_t *object)
{
	CLEANUP(freep) char *text = NULL;
	const char *name = name_of(object);
	struct err err;

	if (name == NULL)
		return;
	/* Whatever happens now, what was known is true no longer. */
	forget(set, name);
	if (namespace_text_encode(object, &text, &err) < 0)
		return;
	char *entry = make_entry(name, text);
	if (entry != NULL)
		insert(set, entry);
}

void namespace_set_remove(struct namespace_set *set, const json_t *object)
{
	const char *name = name_of(object);

	if (name != NULL)
		forget(set, name);
}

void namespace_set_list(struct namespace_set *set, json_t *items)
{
	struct namespace_set listed = {.is_listed = true};
	size_t index;
	json_t *item;

	/* They come sorted: each goes to the end. */
	json_array_foreach(items, index, item)
		namespace_set_put(&listed, item);
	namespace_set_release(set);
	*set = listed;
}

const char *namespace_set_find(const struct namespace_set *set, const char *name, long long age_ms)
{
	if (!set->is_listed || age_ms > NAMESPACE_AGE_MAX_MS)
		return NULL;
	size_t place = place_of(set, name);
	return is_at(set, place, name) ? text_of(set->entries[place]) : NULL;
}

json_t *namespace_set_keep(json_t *object)
{
	CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};
	struct err err;

	/* Then it is kept whole. */
	if (namespace_facts_read(object, &facts, &err) < 0)
		return json_incref(object);
	return json_pack("{s:{s:s, s:O*}}", "metadata", "name", facts.name, "annotations",
			 facts.annotations);
}

int namespace_text_encode(const json_t *object, char **ret_text, struct err *err)
{
	CLEANUP(namespace_facts_release) struct namespace_facts facts = {0};
	int r = namespace_facts_read(object, &facts, err);

	if (r < 0)
		return r;
	CLEANUP(freep)
	char *text =
		facts.annotations != NULL ? json_text(facts.annotations, JSON_COMPACT) : strdup("");
	if (text == NULL)
		return err_set(err, ENOMEM, "out of memory");
	size_t length = strlen(text);
	if (length > NAMESPACE_TEXT_MAX)
		return err_set(
			err, E2BIG,
			"namespace '%.64s': its annotations of sidewire take %zu bytes, more "
			"than %d",
			facts.name, length, NAMESPACE_TEXT_MAX);
	*ret_text = TAKE(text);
	return 0;
}

int namespace_text_decode(const char *text, json_t **ret_annotations, struct err *err)
{
	if (*text != '\0')
		return json_read_text(text, strlen(text), ret_annotations, err);
	*ret_annotations = NULL;
	return 0;
}

int namespace_name_check(const char *name, struct err *err)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t length = strlen(name);

	if (length == 0 || length > NAMESPACE_NAME_MAX || strspn(name, ALLOWED) != length)
		return err_set(err, EINVAL, "'%.64s' can not be the name of a namespace", name);
	return 0;
}
