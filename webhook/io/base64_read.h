/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64 (RFC 4648, section 4), as JSON carries bytes. */
#ifndef SIDEWIRE_WEBHOOK_BASE64_READ_H
#define SIDEWIRE_WEBHOOK_BASE64_READ_H

#include <stddef.h>

#include "common/base/err.h"

/* Decodes a text. The caller frees *ret_data, which has a NUL behind its *ret_length bytes.
 * -EINVAL for what is no base64; -ENOMEM. */
int base64_read(const char *text, char **ret_data, size_t *ret_length, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
