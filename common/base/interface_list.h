/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of network interfaces, "eth1,net1": as annotations, profiles and the redirect document have
 * them. */
#ifndef SIDEWIRE_BASE_INTERFACE_LIST_H
#define SIDEWIRE_BASE_INTERFACE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

enum {
	INTERFACE_LIST_MAX = 64,
	INTERFACE_NAME_SIZE = 16, /* linux/if.h's IFNAMSIZ, the NUL included */
};

struct interface_name {
	char text[INTERFACE_NAME_SIZE]; /* what follows the NUL is zero too */
};

struct interface_list {
	struct interface_name *items; /* owned; NULL when count is 0; as written, none twice */
	size_t count;
};

/*
 * Parses a comma list; blanks around a name are allowed, an empty text is the empty list. The
 * caller releases it. A name is what the kernel takes (net/core/dev.c, dev_valid_name) and its
 * tables can match whole: 1 to 15 printable ASCII characters without blank, quotes, '\', '/', ':'
 * and '+', not
 * "." or "..". "lo" is refused: what the pod says to itself is never captured. -EINVAL with the
 * name; -E2BIG over INTERFACE_LIST_MAX; -ENOMEM.
 */
int interface_list_parse(const char *text, struct interface_list *ret_list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Adds every name of `other` that the list has not. -E2BIG over INTERFACE_LIST_MAX; -ENOMEM; the
 * list may then hold a part of them. */
int interface_list_add_all(struct interface_list *list, const struct interface_list *other,
			   struct err *err) __attribute__((nonnull, warn_unused_result));

/* Whether the list has the name. */
bool interface_list_contains(const struct interface_list *list, const char *name)
	__attribute__((nonnull));

/* Writes the comma list, which interface_list_parse() reads back. */
void interface_list_format(const struct interface_list *list, struct strbuf *out)
	__attribute__((nonnull));

/* Frees the items; the list is empty afterwards. For CLEANUP(). */
void interface_list_release(struct interface_list *list) __attribute__((nonnull));

#endif
