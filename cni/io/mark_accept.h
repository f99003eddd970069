/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysctl net.ipv4.tcp_fwmark_accept of the network namespace that the process is in: where it
 * is set a TCP socket that is accepted, of either family, has the mark of its SYN
 * (Documentation/networking/ip-sysctl.rst).
 */
#ifndef SIDEWIRE_CNI_MARK_ACCEPT_H
#define SIDEWIRE_CNI_MARK_ACCEPT_H

#include <stdbool.h>

#include "common/base/err.h"

/* Whether it is set. What open(2) and read(2) say. */
int mark_accept_read(bool *ret_is_set, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Sets it, or not. What open(2) and write(2) say: -EROFS where /proc/sys is mounted read-only. */
int mark_accept_write(bool is_set, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
