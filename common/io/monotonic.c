/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/monotonic.h"

#include <time.h>

enum {
	NS_PER_SECOND = 1000 * 1000 * 1000,
	NS_PER_MS = 1000 * 1000,
};

int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

int64_t monotonic_ms(void)
{
	return monotonic_ns() / NS_PER_MS;
}
