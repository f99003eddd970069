/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network configuration list ("conflist", CNI SPEC 1.1.0 section 1) as a node agent sees it: is
 * it one, may the plugin be chained there, and is it? Changing the text: conflist_edit.h.
 */
#ifndef SIDEWIRE_CNI_CONFLIST_H
#define SIDEWIRE_CNI_CONFLIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cni/core/backend_choice.h"
#include "cni/core/json_slice.h"
#include "common/base/err.h"

/* The bytes that a configuration may have; containerd reads no longer ones. */
enum { CONFLIST_SIZE_MAX = 2 * 1024 * 1024 };

/* Bytes that came from a file. */
struct conf_text {
	const char *data; /* borrowed */
	size_t length;
};

struct conflist {
	struct conf_text text;       /* borrowed: what it was read from */
	json_t *object;              /* owned */
	json_t *plugins;             /* borrowed from object: an array */
	struct json_slice *elements; /* owned: the bytes of each element of plugins, in text */
	size_t count;                /* of plugins */
	/* What our entry shall say, set by who reads the list; BACKEND_AUTO: nothing. */
	enum backend_choice backend;
};

/* How our entry stands in the list. */
enum conflist_entry {
	CONFLIST_ENTRY_ABSENT,
	/* Once, as it should be, behind another plugin: behind any one is good enough, since who
	 * adds himself behind us later does no harm, and moving again would be a quarrel. */
	CONFLIST_ENTRY_IN_PLACE,
	/* With other contents (of another version of ours, of another backend), more than once, or
	 * first in the list, where no prevResult reaches it. */
	CONFLIST_ENTRY_WRONG,
};

/*
 * Reads the text, which must outlive *ret_list; the caller releases it. -EINVAL, in a sentence,
 * when it is no JSON object (duplicate keys included) or has no array `plugins`; -ENOMEM.
 */
int conflist_read(struct conf_text text, struct conflist *ret_list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees what conflist_read() made; a zeroed list is allowed. For CLEANUP(). */
void conflist_release(struct conflist *list) __attribute__((nonnull));

/*
 * Whether a runtime can load the list, and run our plugin in it: a name, plugins that are objects
 * with a type, another one than ours among them, and no cniVersion but those that the plugin
 * speaks: one that it refused would fail every pod of the node. -EINVAL, -EPROTONOSUPPORT.
 */
int conflist_check(const struct conflist *list, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Whether the plugin's configuration names sidewire-cni, whatever else is in it. */
bool conflist_is_ours(const json_t *plugin);

/* How our entry stands. */
enum conflist_entry conflist_find_entry(const struct conflist *list) __attribute__((nonnull));

#endif
