/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile as it is written. */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_TEXT_H
#define SIDEWIRE_WEBHOOK_PROFILE_TEXT_H

#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/profile.h"

/*
 * Reads a profile and adds it to the set. `name` is that of the file, or key, that it is from: JSON
 * where that ends with .json, else YAML; every message begins with it. The errors of reading the
 * text, of profile_read() and of profile_set_add().
 */
int profile_text_add(struct profile_set *set, const char *name, const char *text, size_t length,
		     struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
