/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applying a patch to a YAML document: it is noted in the tree which entries change, so that
 * yaml_render() can write the text with only these changed. */
#ifndef SIDEWIRE_WEBHOOK_YAML_PATCH_H
#define SIDEWIRE_WEBHOOK_YAML_PATCH_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/yaml_tree.h"

/*
 * Notes what the patch (RFC 6902: add, replace and remove, as json_diff() makes them) changes in
 * the value at `pointer` (RFC 6901), where the tree has not been patched before. What an alias
 * stands for is written out where something in it changes. Values are shared with the patch.
 * -ENOTSUP where a place of the patch is none that the text has; -ENOMEM. The tree may then hold a
 * part of the changes.
 */
int yaml_patch_apply(struct yaml_tree *tree, const char *pointer, const json_t *patch,
		     struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
