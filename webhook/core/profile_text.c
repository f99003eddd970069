/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/profile_text.h"

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "webhook/core/yaml_json.h"
#include "webhook/core/yaml_name.h"

int profile_text_add(struct profile_set *set, const char *name, const char *text, size_t length,
		     struct err *err)
{
	CLEANUP(profile_release) struct profile profile = {0};
	json_auto_t *document = NULL;
	int r = yaml_name_is_json(name) ? json_read_text(text, length, &document, err)
					: yaml_json_read(text, length, &document, err);

	if (r == 0)
		r = profile_read(document, &profile, err);
	if (r == 0)
		r = profile_set_add(set, &profile, err);
	return r < 0 ? err_wrap(err, "%s", name) : 0;
}
