/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells a node agent's state over plain HTTP: GET /healthz, /readyz, /metrics. It has no thread:
 * the agent's loop waits for its descriptor and lets it work.
 */
#ifndef SIDEWIRE_CNI_STATUS_SERVER_H
#define SIDEWIRE_CNI_STATUS_SERVER_H

#include <stdint.h>

#include "cni/core/node_state.h"
#include "common/base/err.h"

struct status_server;

/*
 * Listens; the state is borrowed until the server is freed. The caller frees *ret_server. What
 * listen_socket_open() says; -EIO when libmicrohttpd does not start; -ENOMEM.
 */
int status_server_new(const char *address, const struct node_state *state,
		      struct status_server **ret_server, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Ends all connections and frees. NULL is allowed. */
void status_server_free(struct status_server *server);

/* The same for CLEANUP(); sets the variable to NULL. */
void status_server_freep(struct status_server **server) __attribute__((nonnull));

/* The port that it listens on. */
uint16_t status_server_port_host(const struct status_server *server) __attribute__((nonnull));

/* The descriptor that is readable when there is something to do. */
int status_server_fd(const struct status_server *server) __attribute__((nonnull));

/* Does what there is to do, without waiting. Also to be called after the time below. */
void status_server_run(struct status_server *server) __attribute__((nonnull));

/* Milliseconds after which status_server_run() must be called at the latest, `max_ms` at most. */
int status_server_timeout_ms(const struct status_server *server, int max_ms)
	__attribute__((nonnull));

#endif
