/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock for spans of time: nobody sets it. */
#ifndef SIDEWIRE_IO_MONOTONIC_H
#define SIDEWIRE_IO_MONOTONIC_H

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds. */
int64_t monotonic_ms(void);

/* The same in nanoseconds. */
int64_t monotonic_ns(void);

#endif
