/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls of the network namespace that the process is in, by which answers get the mark of what
 * they answer (Documentation/networking/ip-sysctl.rst): net.ipv4.tcp_fwmark_accept, by which a TCP
 * socket that is accepted, of either family, has the mark of its SYN, and fwmark_reflect of both
 * families, for what no socket answers: a reset of a port where nobody listens would else leave the
 * pod, when the proxy called it in somebody's name. They are set, or not, together.
 */
#ifndef SIDEWIRE_CNI_MARK_ACCEPT_H
#define SIDEWIRE_CNI_MARK_ACCEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

enum { MARK_ACCEPT_ALL = 7 }; /* a bit for each of them */

/* Which of them are set; what the kernel has not, since it has no IPv6, counts as set. What open(2)
 * and read(2) say; -ENOENT: /proc/sys is not there. */
int mark_accept_read(uint32_t *ret_set, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The name of the first that is not set; NULL if all are. Static. */
const char *mark_accept_missing(uint32_t set);

/* Sets those, and no others; writes only what has to change. What open(2) and write(2) say: -EROFS
 * where /proc/sys is mounted read-only. */
int mark_accept_write(uint32_t set, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
