/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/namespace_reads.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

static bool is_free(const struct namespace_read *read)
{
	return read->name[0] == '\0';
}

void namespace_reads_release(struct namespace_reads *reads)
{
	for (size_t i = 0; i < NAMESPACE_READS_MAX; i++)
		free(TAKE(reads->reads[i].text));
}

struct namespace_read *namespace_reads_find(struct namespace_reads *reads, const char *name,
					    long long now_ms)
{
	for (size_t i = 0; i < NAMESPACE_READS_MAX; i++) {
		struct namespace_read *read = &reads->reads[i];
		bool is_over = read->is_done && now_ms - read->since_ms > NAMESPACE_READ_GOOD_MS;

		if (!is_over && !is_free(read) && strcmp(read->name, name) == 0)
			return read;
	}
	return NULL;
}

/* Since when a place is of no use: a free one always was. */
static long long useless_since_ms(const struct namespace_read *read)
{
	return is_free(read) ? LLONG_MIN : read->since_ms;
}

struct namespace_read *namespace_reads_add(struct namespace_reads *reads, const char *name,
					   long long now_ms)
{
	struct namespace_read *place = NULL;

	for (size_t i = 0; i < NAMESPACE_READS_MAX; i++) {
		struct namespace_read *read = &reads->reads[i];

		if (!is_free(read) && !read->is_done)
			continue;
		if (place == NULL || useless_since_ms(read) < useless_since_ms(place))
			place = read;
	}
	if (place == NULL)
		return NULL;
	free(place->text);
	*place = (struct namespace_read){.since_ms = now_ms};
	snprintf(place->name, sizeof(place->name), "%s", name);
	return place;
}

struct namespace_read *namespace_reads_next(struct namespace_reads *reads)
{
	struct namespace_read *next = NULL;

	for (size_t i = 0; i < NAMESPACE_READS_MAX; i++) {
		struct namespace_read *read = &reads->reads[i];

		if (is_free(read) || read->is_done)
			continue;
		if (next == NULL || read->since_ms < next->since_ms)
			next = read;
	}
	return next;
}

void namespace_read_await(struct namespace_read *read, struct http_wait *wait)
{
	http_wait_begin(wait);
	wait->next = read->waits;
	read->waits = wait;
}

struct http_wait *namespace_read_finish(struct namespace_read *read, char *text,
					const struct err *trouble, long long now_ms)
{
	read->is_done = true;
	read->since_ms = now_ms;
	read->text = text;
	read->trouble = *trouble;
	return TAKE(read->waits);
}

void namespace_waits_end(struct http_wait *waits)
{
	while (waits != NULL) {
		struct http_wait *next = waits->next;

		http_wait_end(waits);
		waits = next;
	}
}
