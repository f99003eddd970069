/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/nearest_name.h"

#include <string.h>

enum {
	NAME_LENGTH_MAX = 96, /* longer names are near to nothing */
	DISTANCE_MAX = 3,     /* more mistakes make another name */
};

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, by one row of his table. */
static size_t distance_of(const char *a, const char *b)
{
	size_t row[NAME_LENGTH_MAX + 1];
	size_t b_length = strlen(b);

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_length; j++) {
			size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);

			diagonal = row[j + 1];
			row[j + 1] = min_of(replaced, min_of(row[j], row[j + 1]) + 1);
		}
	}
	return row[b_length];
}

void nearest_name_consider(struct nearest_name *nearest, const char *candidate)
{
	if (strlen(nearest->wanted) > NAME_LENGTH_MAX || strlen(candidate) > NAME_LENGTH_MAX)
		return;
	size_t distance = distance_of(nearest->wanted, candidate);
	if (distance > DISTANCE_MAX || distance * 2 > strlen(candidate))
		return;
	if (nearest->found != NULL && nearest->distance <= distance)
		return;
	nearest->found = candidate;
	nearest->distance = distance;
}
