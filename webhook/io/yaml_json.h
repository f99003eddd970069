/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML 1.2 as JSON values. Plain scalars have the types of the core schema (YAML 1.2.2, 10.3.2),
 * quoted ones are strings. What other tools around Kubernetes read differently is refused instead
 * of guessed: yes, no, on, off, y, n and numbers with a leading zero (booleans and octal numbers in
 * YAML 1.1), merge keys, tags.
 */
#ifndef SIDEWIRE_WEBHOOK_YAML_JSON_H
#define SIDEWIRE_WEBHOOK_YAML_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

enum {
	YAML_DEPTH_MAX = 64, /* sequences and mappings inside each other */
	/* Bytes of the text; also values plus characters of strings with all aliases written out.
	 */
	YAML_SIZE_MAX = 1024 * 1024,
};

/*
 * Reads exactly one document. The caller owns *ret_value. -EINVAL, with line and column, for what
 * is no YAML, for duplicate keys and keys that are no strings, for a scalar that would be read
 * differently elsewhere or has no form in JSON (.inf), for an alias of nothing; -E2BIG over the
 * limits above; -ENOMEM.
 */
int yaml_json_read(const char *text, size_t length, json_t **ret_value, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
