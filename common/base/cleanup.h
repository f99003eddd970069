/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ownership that ends with the scope: `CLEANUP(freep) char *name = NULL;`, and TAKE() for every
 * hand-over. Cleanup functions accept NULL (or -1 for descriptors) and keep errno.
 */
#ifndef SIDEWIRE_BASE_CLEANUP_H
#define SIDEWIRE_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>

/* Runs `function(&variable)` when the variable leaves its scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* The value of a pointer variable, which is NULL afterwards: the caller of the expression owns it
 * now. */
#define TAKE(variable)                                           \
	({                                                       \
		__typeof__(variable) *taken_from_ = &(variable); \
		__typeof__(variable) taken_ = *taken_from_;      \
		*taken_from_ = NULL;                             \
		taken_;                                          \
	})

/* Frees the block that the pointer variable at `pointer_variable` owns. */
static inline void freep(void *pointer_variable)
{
	int saved = errno;

	free(*(void **)pointer_variable);
	errno = saved;
}

#endif
