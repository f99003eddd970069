/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/json_text.h"

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

/* Never fails by itself: the buffer remembers that it did. */
static int append(const char *text, size_t length, void *out)
{
	strbuf_append(out, text, length);
	return 0;
}

char *json_text(const json_t *value, size_t flags)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	char *text = NULL;
	struct err err;

	if (json_dump_callback(value, append, &out, flags) < 0 ||
	    strbuf_finish(&out, &text, &err) < 0)
		return NULL;
	return text;
}
