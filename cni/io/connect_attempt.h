/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connecting without waiting for it. */
#ifndef SIDEWIRE_CNI_CONNECT_ATTEMPT_H
#define SIDEWIRE_CNI_CONNECT_ATTEMPT_H

#include <sys/socket.h>

/*
 * Starts a TCP connection to an address, whose size is `size`; where `from` is not NULL from that
 * one, of the same family, and then closing resets it, so that the next can be from there again.
 * Returns a descriptor, which the caller closes, or a negative errno: no attempt could be made, or
 * its end is known.
 */
int connect_attempt_start(const struct sockaddr *to, const struct sockaddr *from, socklen_t size)
	__attribute__((nonnull(1), warn_unused_result));

/* What became of an attempt that poll() has an event for: 0 when it is connected, otherwise a
 * positive errno. */
int connect_attempt_outcome(int fd);

#endif
