/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/label_trim.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/utf8.h"
#include "webhook/core/strategic_merge.h"

#define ONLY_INSIDE "-_."

/* How much of a value is left. */
static size_t trimmed_length(const char *value)
{
	size_t length = strnlen(value, LABEL_VALUE_MAX);

	while (length > 0 && strchr(ONLY_INSIDE, value[length - 1]) != NULL)
		length--;
	return length;
}

/* Adds a label as it is to be, if that is another one. */
static int add_cut(json_t *cut, const char *key, const char *value)
{
	size_t length = trimmed_length(value);
	char text[LABEL_VALUE_MAX + 1];

	if (value[length] == '\0')
		return 0;
	memcpy(text, value, length);
	text[length] = '\0';
	utf8_repair(text);
	return json_object_set_new(cut, key, json_string(text));
}

int label_trim(json_t **overlay, struct err *err)
{
	json_t *labels = json_object_get(json_object_get(*overlay, "metadata"), "labels");
	json_auto_t *cut = json_object();
	json_auto_t *patch = json_pack("{s:{s:O}}", "metadata", "labels", cut);
	json_t *trimmed = NULL;
	const char *key;
	json_t *value;

	if (patch == NULL)
		return err_set(err, ENOMEM, "out of memory");
	json_object_foreach(labels, key, value) {
		if (json_is_string(value) && add_cut(cut, key, json_string_value(value)) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	if (json_object_size(cut) == 0)
		return 0;
	int r = strategic_merge(*overlay, patch, MERGE_RULES_POD, MERGE_PATCH_WINS, &trimmed, err);
	if (r < 0)
		return r;
	json_decref(*overlay);
	*overlay = trimmed;
	return 0;
}
