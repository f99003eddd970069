/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/common/base/list_rows.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

void list_rows_check(const struct list_row *rows, size_t count, alloc_fail_making *recode)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(freep) char *text = NULL;
		CLEANUP(freep) char *again = NULL;
		struct err err = {0};

		ASSERT_ROW(rows[i].text, recode(rows[i].text, &text, &err) == 0);
		ASSERT_TEXT(rows[i].text, text, rows[i].canonical);
		ASSERT_ROW(rows[i].text, recode(text, &again, &err) == 0);
		ASSERT_TEXT(rows[i].text, again, rows[i].canonical);
	}
}
