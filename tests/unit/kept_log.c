/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/kept_log.h"

#include <stdbool.h>

#include "common/io/log.h"

static bool is_keeping;
static size_t count;

/* What the linker makes of the name: __wrap_ is called, __real_ is the log's own. */
void __real_log_end(struct log_line *line);
void __wrap_log_end(struct log_line *line);

void __wrap_log_end(struct log_line *line)
{
	if (is_keeping)
		count++;
	else
		__real_log_end(line);
}

void kept_log_begin(void)
{
	is_keeping = true;
	count = 0;
}

size_t kept_log_end(void)
{
	is_keeping = false;
	return count;
}
