/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports, uids and gids: lists of numbers and ranges, "80,8000-8010". One grammar serves
 * annotations, profiles and the redirect document. A list is canonical once parsed: sorted,
 * overlapping and adjacent ranges joined.
 */
#ifndef SIDEWIRE_BASE_RANGE_LIST_H
#define SIDEWIRE_BASE_RANGE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

enum { RANGE_LIST_MAX = 1024 }; /* ranges that one list may hold as written */

struct range {
	uint32_t first; /* host byte order; first <= last, both included */
	uint32_t last;
};

struct range_list {
	struct range *items; /* owned; NULL when count is 0 */
	size_t count;
};

/* What the numbers of a list are: the noun for messages, and the valid range. */
struct range_kind {
	const char *noun;
	uint32_t min;
	uint32_t max;
};

extern const struct range_kind RANGE_KIND_PORT; /* 1 to 65535 */
extern const struct range_kind
	RANGE_KIND_ID; /* a uid or gid, 0 to 4294967294: the last 32-bit value means "none" */

/*
 * Parses a comma list of numbers and ranges; blanks around an item are allowed, an empty text is
 * the empty list. The caller releases the list. -EINVAL or -ERANGE with the item named; -E2BIG over
 * RANGE_LIST_MAX items; -ENOMEM.
 */
int range_list_parse(const char *text, const struct range_kind *kind, struct range_list *ret_list,
		     struct err *err) __attribute__((nonnull, warn_unused_result));

/* Adds one range and keeps the list canonical. `first` must not exceed `last`. -ENOMEM. */
int range_list_add(struct range_list *list, uint32_t first, uint32_t last, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Adds every range of `other`. -ENOMEM; the list may then hold a part of them. */
int range_list_add_all(struct range_list *list, const struct range_list *other, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether the value lies in one of the ranges. */
bool range_list_contains(const struct range_list *list, uint32_t value) __attribute__((nonnull));

/* Writes the canonical text, which range_list_parse() reads back. */
void range_list_format(const struct range_list *list, struct strbuf *out) __attribute__((nonnull));

/* Frees the items; the list is empty afterwards. For CLEANUP(). */
void range_list_release(struct range_list *list) __attribute__((nonnull));

#endif
