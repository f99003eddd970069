/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/json_path.h"

#include <string.h>

#include "common/base/cleanup.h"

/* '~' and '/' have a meaning of their own in a pointer (RFC 6901 section 3). */
static void append_escaped(const char *member, struct strbuf *out)
{
	for (;;) {
		size_t plain = strcspn(member, "~/");

		strbuf_append(out, member, plain);
		if (member[plain] == '\0')
			return;
		strbuf_puts(out, member[plain] == '~' ? "~0" : "~1");
		member += plain + 1;
	}
}

void json_path_pointer(const struct json_path *path, struct strbuf *out)
{
	if (path == NULL)
		return;
	json_path_pointer(path->parent, out);
	if (path->member == NULL) {
		strbuf_printf(out, "/%zu", path->index);
		return;
	}
	strbuf_puts(out, "/");
	append_escaped(path->member, out);
}

void json_path_dotted(const struct json_path *path, struct strbuf *out)
{
	if (path == NULL)
		return;
	json_path_dotted(path->parent, out);
	if (path->member == NULL)
		strbuf_printf(out, "[%zu]", path->index);
	else
		strbuf_printf(out, "%s%s", path->parent != NULL ? "." : "", path->member);
}

int json_path_wrap(const struct json_path *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	json_path_dotted(path, &text);
	/* Without memory for the path the message has to do alone. */
	return text.data == NULL ? err->code : err_wrap(err, "%s", text.data);
}
