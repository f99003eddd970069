/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unsigned numbers from text, strictly: decimal digits only, no sign, no blanks, no leading zero,
 * nothing behind. */
#ifndef SIDEWIRE_BASE_PARSE_NUM_H
#define SIDEWIRE_BASE_PARSE_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/*
 * Parses the `length` bytes of `text` as a number from `min` to `max`, both included.
 * -EINVAL when they are no number, -ERANGE when it lies outside; the message names the text and the
 * range.
 */
int parse_u32(const char *text, size_t length, uint32_t min, uint32_t max, uint32_t *ret_value,
	      struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
