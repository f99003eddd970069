/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TCP socket that listens on an address which a person wrote. */
#ifndef SIDEWIRE_IO_LISTEN_SOCKET_H
#define SIDEWIRE_IO_LISTEN_SOCKET_H

#include <stdint.h>

#include "common/base/err.h"

/*
 * Listens on "ADDRESS:PORT", an IPv6 address in brackets: "[::]:8443" takes IPv4 too, and becomes
 * 0.0.0.0 where the kernel has no IPv6. Port 0 lets the kernel choose. The descriptor is
 * non-blocking and close-on-exec, and the caller's; *ret_port_host is the port that it really has.
 * -EINVAL for another form; what socket(2), bind(2) and listen(2) say.
 */
int listen_socket_open(const char *address, int *ret_fd, uint16_t *ret_port_host, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
