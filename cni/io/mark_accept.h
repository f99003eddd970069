/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls of the network namespace that the process is in, by which answers get the mark of what
 * they answer (Documentation/networking/ip-sysctl.rst): net.ipv4.tcp_fwmark_accept, by which a TCP
 * socket that is accepted, of either family, has the mark of its SYN, and fwmark_reflect of both
 * families, for what no socket answers: a reset of a port where nobody listens would else leave the
 * pod, when the proxy called it in somebody's name. Where they matter all are set.
 *
 * On a host one may have been set before. Those that were not are set to a number of ours, by which
 * they are known: 2, which means the same as 1 to the kernel. Only these are ever set back to 0.
 */
#ifndef SIDEWIRE_CNI_MARK_ACCEPT_H
#define SIDEWIRE_CNI_MARK_ACCEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

enum { MARK_ACCEPT_ALL = 7 }; /* a bit for each of them */

struct mark_accept {
	uint32_t set;  /* what the kernel has not, since it has no IPv6, counts as set */
	uint32_t ours; /* those of them that were set here */
};

/* Which of them are set. What open(2) and read(2) say; -ENOENT: /proc/sys is not there. */
int mark_accept_read(struct mark_accept *ret_found, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The name of the first that is not set; NULL if all are. Static. */
const char *mark_accept_missing(uint32_t set);

/* Sets those of these that are not set, and sets others back that are ours; writes only what has to
 * change. What open(2) and write(2) say: -EROFS where /proc/sys is mounted read-only. */
int mark_accept_write(uint32_t ours, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
