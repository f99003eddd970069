/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/metric_text.h"

void metric_text_head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_text_label(struct strbuf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			strbuf_puts(out, "\\n");
		else if (*value == '\\' || *value == '"')
			strbuf_printf(out, "\\%c", *value);
		else
			strbuf_append(out, value, 1);
	}
}
