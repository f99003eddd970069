/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts our entry into the text of a conflist and takes it out, so that all other bytes stay. What
 * is put in begins right behind the last plugin and ends with the entry: taking it out gives the
 * bytes that were there before.
 */
#ifndef SIDEWIRE_CNI_CONFLIST_EDIT_H
#define SIDEWIRE_CNI_CONFLIST_EDIT_H

#include "cni/core/conflist.h"
#include "common/base/err.h"

/* The member that marks a conflist as made by conflist_edit_make(). */
#define CONFLIST_MADE_FROM "sidewire.io/made-from"

/*
 * The text with our entry as the last plugin, laid out like the plugin before it; entries of ours
 * that were there already are taken out first. The caller frees *ret_text. The list must have
 * passed conflist_check(). -ENOMEM.
 */
int conflist_edit_insert(const struct conflist *list, char **ret_text, size_t *ret_length,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/* The text without any entry of ours; without one, the same bytes. The caller frees *ret_text.
 * -ENOMEM. */
int conflist_edit_remove(const struct conflist *list, char **ret_text, size_t *ret_length,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * A conflist with the one plugin of `conf`, a configuration of the older form for one plugin, and
 * our entry, which names `backend`; its version and name are the plugin's. `file_name` is where
 * `conf` came from, and the value of CONFLIST_MADE_FROM. The caller frees *ret_text. -EINVAL or
 * -EPROTONOSUPPORT when `conf` is no such thing, or what came of it would not pass
 * conflist_check(); -ENOMEM.
 */
int conflist_edit_make(struct conf_text conf, const char *file_name, enum backend_choice backend,
		       char **ret_text, size_t *ret_length, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
