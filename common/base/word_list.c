/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/word_list.h"

#include <string.h>

bool word_list_has(const char *const *words, const char *text)
{
	while (*words != NULL && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}
