/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that stays flat, however many reviews come: what a review took is free when it ends, but
 * malloc keeps it in ways that let the process grow for a long time (glibc: mallopt(3),
 * malloc_trim(3), "Memory Allocation Tunables").
 */
#ifndef SIDEWIRE_WEBHOOK_FLAT_MEMORY_H
#define SIDEWIRE_WEBHOOK_FLAT_MEMORY_H

/*
 * Sets malloc up; to be called once, before there are threads. What a thread freed it would keep
 * for itself, all over the heap, and so hold pages that nothing else needs. Only the environment
 * can switch that off, and only when a program starts: so this starts the program anew, in this
 * same process, with GLIBC_TUNABLES set, unless the variable is set already. Returns without having
 * done that where there is no /proc: then the process is just larger.
 */
void flat_memory_begin(char *const *argv) __attribute__((nonnull));

/* Gives pages in which nothing is in use back to the kernel. Any thread may call it. */
void flat_memory_give_back(void);

#endif
