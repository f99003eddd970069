/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML as JSON values. Quoted scalars are strings; what a plain one is depends on who wrote it.
 */
#ifndef SIDEWIRE_WEBHOOK_YAML_JSON_H
#define SIDEWIRE_WEBHOOK_YAML_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/yaml_tree.h"

enum {
	/* Bytes of a document that yaml_json_read() takes; also values plus characters of strings
	 * with all aliases written out. */
	YAML_SIZE_MAX = 1024 * 1024,
	YAML_MANIFEST_SIZE_MAX = 16 * 1024 * 1024, /* the same of YAML_KUBECTL */
};

enum yaml_dialect {
	/* The core schema (YAML 1.2.2, 10.3.2). What other tools around Kubernetes read
	 * differently is refused instead of guessed: yes, no, on, off, y, n, and numbers with a
	 * leading zero. */
	YAML_STRICT,
	/* As kubectl reads manifests (sigs.k8s.io/yaml, which is go-yaml 2): those are booleans
	 * and octal numbers, _ may stand in numbers, keys that are numbers or booleans become
	 * strings, and a mapping may begin with <<. */
	YAML_KUBECTL,
};

/*
 * The value of a node. The caller owns *ret_value. -EINVAL, with line and column, for duplicate
 * keys and keys that are no strings, for a scalar that the dialect refuses or that has no form in
 * JSON (.inf), for tags; -E2BIG over the limits above; -ENOTSUP where the tree has been patched
 * there; -ENOMEM.
 */
int yaml_json(const struct yaml_node *node, enum yaml_dialect dialect, json_t **ret_value,
	      struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Reads a text that is exactly one document, in the dialect YAML_STRICT. The caller owns
 * *ret_value. Also the errors of yaml_tree_read().
 */
int yaml_json_read(const char *text, size_t length, json_t **ret_value, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
