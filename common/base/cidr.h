/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 prefixes in CIDR notation (RFC 4632, RFC 4291 section 2.3), and comma lists of
 * them. */
#ifndef SIDEWIRE_BASE_CIDR_H
#define SIDEWIRE_BASE_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

enum {
	CIDR_LIST_MAX = 4096, /* prefixes that one list may hold */
	CIDR_V4_BITS = 32,
	CIDR_V6_BITS = 128,
};

struct cidr {
	bool is_v6;
	uint8_t prefix_length; /* 0 to 32, or 0 to 128 */
	uint8_t addr_be[16];   /* network byte order; IPv4 uses the first four, the others are 0 */
};

struct cidr_list {
	struct cidr
		*items; /* owned; NULL when count is 0; in the order written, without repetitions */
	size_t count;
};

/*
 * Parses the `length` bytes of `text`: "10.0.0.0/8", "fd00::/8", or an address alone, which is the
 * prefix of just that address. -EINVAL, naming the text, for anything else: bits set behind the
 * prefix (the message says what to write), an IPv4-mapped IPv6 prefix, a zone.
 */
int cidr_parse(const char *text, size_t length, struct cidr *ret_cidr, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Writes the prefix so that cidr_parse() reads it back; without "/32" or "/128" for a single
 * address. */
void cidr_format(const struct cidr *cidr, struct strbuf *out) __attribute__((nonnull));

/* Whether both are the same prefix. */
bool cidr_equal(const struct cidr *a, const struct cidr *b) __attribute__((nonnull));

/* Whether the prefix covers every address of its family. */
bool cidr_is_all(const struct cidr *cidr) __attribute__((nonnull));

/* Whether every address of the prefix is a loopback one: of 127.0.0.0/8 (RFC 1122, 3.2.1.3), or
 * ::1. */
bool cidr_is_loopback(const struct cidr *cidr) __attribute__((nonnull));

/*
 * Parses a comma list; blanks around an item are allowed, an empty text is the empty list. The
 * caller releases it. -EINVAL with the item named; -E2BIG over CIDR_LIST_MAX items; -ENOMEM.
 */
int cidr_list_parse(const char *text, struct cidr_list *ret_list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether that very prefix is in the list. */
bool cidr_list_contains(const struct cidr_list *list, const struct cidr *cidr)
	__attribute__((nonnull));

/* Adds one prefix unless the list has it. -E2BIG over CIDR_LIST_MAX; -ENOMEM. */
int cidr_list_add(struct cidr_list *list, const struct cidr *cidr, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Writes the comma list, which cidr_list_parse() reads back. */
void cidr_list_format(const struct cidr_list *list, struct strbuf *out) __attribute__((nonnull));

/* Frees the items; the list is empty afterwards. For CLEANUP(). */
void cidr_list_release(struct cidr_list *list) __attribute__((nonnull));

#endif
