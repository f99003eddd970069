/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Namespaces that are read one by one, since nothing is known of them: which, who waits for them,
 * and what came of it. All that ask for one at the same time share its read. Nothing here reads, or
 * knows what time it is: milliseconds are those of one monotonic clock. For one thread at a time.
 */
#ifndef SIDEWIRE_WEBHOOK_NAMESPACE_READS_H
#define SIDEWIRE_WEBHOOK_NAMESPACE_READS_H

#include <stdbool.h>

#include "common/base/err.h"
#include "webhook/core/namespace_set.h"
#include "webhook/io/http_exchange.h"

enum {
	NAMESPACE_READS_MAX = 64, /* at once */
	/* What was read is good for so long: for those who waited for it, and for who comes just
	 * after them. Then the watch will have told. */
	NAMESPACE_READ_GOOD_MS = 1000,
};

struct namespace_read {
	char name[NAMESPACE_NAME_MAX + 1]; /* "": none, the place is free */
	bool is_done;
	long long since_ms;      /* when it was asked for; once it is done, when that was */
	char *text;              /* what namespace_text_encode() makes, owned; NULL: see trouble */
	struct err trouble;      /* once it is done without a text */
	struct http_wait *waits; /* for its end; linked by their next */
};

/* Begins zeroed. */
struct namespace_reads {
	struct namespace_read reads[NAMESPACE_READS_MAX];
};

/* Frees the texts. Nobody may be waiting. */
void namespace_reads_release(struct namespace_reads *reads) __attribute__((nonnull));

/* The read of a namespace that is under way, or is done and still good; NULL when there is none. */
struct namespace_read *namespace_reads_find(struct namespace_reads *reads, const char *name,
					    long long now_ms) __attribute__((nonnull));

/*
 * A new read, of a name that namespace_name_check() allows and namespace_reads_find() does not
 * find. It takes the place of one that is done. NULL when NAMESPACE_READS_MAX are under way.
 */
struct namespace_read *namespace_reads_add(struct namespace_reads *reads, const char *name,
					   long long now_ms) __attribute__((nonnull));

/* The read under way that was asked for first; NULL when there is none. It stays where it is until
 * it is done. */
struct namespace_read *namespace_reads_next(struct namespace_reads *reads) __attribute__((nonnull));

/* Makes a request wait for the end of a read. */
void namespace_read_await(struct namespace_read *read, struct http_wait *wait)
	__attribute__((nonnull));

/*
 * A read is done: with a text, which it takes, or with NULL and a trouble. Returns those who
 * waited, for namespace_waits_end().
 */
struct http_wait *namespace_read_finish(struct namespace_read *read, char *text,
					const struct err *trouble, long long now_ms)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* Ends the waits of a list; NULL is allowed. */
void namespace_waits_end(struct http_wait *waits);

#endif
