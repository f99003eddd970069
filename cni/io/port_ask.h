/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether anybody listens on a port of the network namespace that one is in. */
#ifndef SIDEWIRE_CNI_PORT_ASK_H
#define SIDEWIRE_CNI_PORT_ASK_H

#include <stdint.h>

/*
 * Asks once on both loopbacks, then at each address of the namespace's other interfaces, until one
 * accepts. Where nobody listens that is known at once; an address that does not answer holds up the
 * next for 100 ms, and is waited for as long as `timeout_ms` has not passed. From inside of a pod
 * the redirect leads such calls to nobody else: they are the application's to itself. Returns 0, or
 * a positive errno: ECONNREFUSED where nobody listens, ETIMEDOUT.
 */
int port_ask_once(uint16_t port, int64_t timeout_ms) __attribute__((warn_unused_result));

#endif
