/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/flat_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TUNABLES "GLIBC_TUNABLES"

enum {
	/* One arena, the main one: what a review took the next one reuses, whichever thread answers
	 * it, and malloc_trim() gives back all that is free. Of any other arena it keeps what lies
	 * at the end, up to all that a burst took: until a thread frees something there. */
	ARENAS_MAX = 1,
	/* Larger blocks (bytes) are the kernel's again as soon as they are freed, and grow without
	 * a copy. It is glibc's own value, which it raises after the first such block unless it is
	 * set (mallopt(3)). */
	MAPPED_MIN = 128 * 1024,
};

void flat_memory_begin(char *const *argv)
{
	if (getenv(TUNABLES) == NULL && setenv(TUNABLES, "glibc.malloc.tcache_count=0", 1) == 0)
		execv("/proc/self/exe", argv);
	/* The link's name would be the process'. */
	prctl(PR_SET_NAME, program_invocation_short_name);
	mallopt(M_ARENA_MAX, ARENAS_MAX);
	mallopt(M_MMAP_THRESHOLD, MAPPED_MIN);
}

void flat_memory_give_back(void)
{
	malloc_trim(0);
}
