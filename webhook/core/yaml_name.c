/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/yaml_name.h"

#include <string.h>

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name);
	size_t suffix_length = strlen(suffix);

	return length > suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

bool yaml_name_is_json(const char *name)
{
	return has_suffix(name, ".json");
}

bool yaml_name_is_document(const char *name)
{
	return has_suffix(name, ".yaml") || has_suffix(name, ".yml") || yaml_name_is_json(name);
}
