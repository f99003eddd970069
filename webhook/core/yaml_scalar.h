/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The type of a plain YAML scalar (YAML 1.2.2, 10.3.2, the core schema). */
#ifndef SIDEWIRE_WEBHOOK_YAML_SCALAR_H
#define SIDEWIRE_WEBHOOK_YAML_SCALAR_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * The plain scalar `text` as null, boolean, number, or string; the caller owns *ret_value. -EINVAL,
 * saying what to write instead, for what YAML 1.1 reads as something else (yes, 0644), an integer
 * over 64 bits, .inf and .nan; -ENOMEM.
 */
int yaml_scalar_read(const char *text, json_t **ret_value, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same as kubectl reads it (go-yaml 2, resolve.go): yes, no, on, off, y, n are booleans, 0644
 * is octal, 0b1 binary, _ in a number means nothing. -EINVAL for an integer over 64 bits, .inf and
 * .nan; -ENOMEM.
 */
int yaml_scalar_read_kubectl(const char *text, json_t **ret_value, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
