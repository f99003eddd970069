/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Did you mean": the known name that a misspelt one is nearest to. */
#ifndef SIDEWIRE_WEBHOOK_NEAREST_NAME_H
#define SIDEWIRE_WEBHOOK_NEAREST_NAME_H

#include <stddef.h>

struct nearest_name {
	const char *wanted; /* what was written */
	const char *found;  /* the nearest candidate so far; NULL: none is near */
	size_t distance;    /* of `found`: characters to insert, delete or replace */
};

/* Looks at one more known name. `nearest` begins with `wanted` only; both names are borrowed. */
void nearest_name_consider(struct nearest_name *nearest, const char *candidate)
	__attribute__((nonnull));

#endif
