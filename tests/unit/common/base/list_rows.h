/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all comma lists have: a canonical text. */
#ifndef SIDEWIRE_TESTS_LIST_ROWS_H
#define SIDEWIRE_TESTS_LIST_ROWS_H

#include <stddef.h>

#include "tests/unit/alloc_fail.h"

struct list_row {
	const char *text;
	const char *canonical;
};

/* Asserts that each text is read and written as its canonical one, and that one as itself. `recode`
 * reads the text that is its input, and writes it. */
void list_rows_check(const struct list_row *rows, size_t count, alloc_fail_making *recode)
	__attribute__((nonnull));

#endif
