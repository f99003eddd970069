/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the name of a file, or a key of a ConfigMap, says of the text in it. */
#ifndef SIDEWIRE_WEBHOOK_YAML_NAME_H
#define SIDEWIRE_WEBHOOK_YAML_NAME_H

#include <stdbool.h>

/* Whether the name is one of YAML or JSON: it ends with .yaml, .yml or .json. */
bool yaml_name_is_document(const char *name) __attribute__((nonnull));

/* Whether the name ends with .json. */
bool yaml_name_is_json(const char *name) __attribute__((nonnull));

#endif
