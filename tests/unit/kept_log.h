/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the log that the code under test writes, counted in place of being written. The linker
 * hands every log_end() to us (--wrap, see the Makefile).
 */
#ifndef SIDEWIRE_TESTS_KEPT_LOG_H
#define SIDEWIRE_TESTS_KEPT_LOG_H

#include <stddef.h>

/* Lines are counted from now on, from 0. */
void kept_log_begin(void);

/* They are written again. Returns how many there were. */
size_t kept_log_end(void);

#endif
