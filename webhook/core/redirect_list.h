/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists that say what is redirected: each is a member of a profile's `redirect`, an annotation
 * of a pod, and a field of the redirect document. One table holds the three together.
 */
#ifndef SIDEWIRE_WEBHOOK_REDIRECT_LIST_H
#define SIDEWIRE_WEBHOOK_REDIRECT_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"

enum redirect_list_kind {
	REDIRECT_LIST_PORTS,      /* struct range_list of RANGE_KIND_PORT */
	REDIRECT_LIST_IDS,        /* struct range_list of RANGE_KIND_ID */
	REDIRECT_LIST_CIDRS,      /* struct cidr_list */
	REDIRECT_LIST_INTERFACES, /* struct interface_list */
	REDIRECT_LIST_PORT_MAP,   /* struct port_map */
};

struct redirect_list {
	const char *member;     /* in a profile, "excludeInboundPorts" */
	const char *annotation; /* on a pod */
	enum redirect_list_kind kind;
	bool is_include; /* what is written replaces what was; it may be "*". Else it adds. */
	size_t offset;   /* of the list in struct redirect_spec */
};

enum { REDIRECT_LIST_COUNT = 12 };
extern const struct redirect_list REDIRECT_LISTS[REDIRECT_LIST_COUNT];

/* Makes every include list say "all". The spec's include lists must be empty before. -ENOMEM. */
int redirect_list_include_all(struct redirect_spec *spec, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Puts the comma list `text` into the spec's list: in place of what is there for an include list,
 * added to it for the others, where a port map's new pair replaces the one of that destination.
 * -EINVAL, -ERANGE or -E2BIG, with the item named; -ENOMEM.
 */
int redirect_list_apply(const struct redirect_list *list, const char *text,
			struct redirect_spec *spec, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The annotation with the longest list; `annotations` is the pod's object of texts, or NULL.
 * Static. */
const char *redirect_list_longest(const json_t *annotations);

/* Adds every list of `from`, include lists too, to those of `to`. -ENOMEM. */
int redirect_list_add_all(struct redirect_spec *to, const struct redirect_spec *from,
			  struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
