/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP/1.1 server on libmicrohttpd: a few threads, each with its own epoll; with TLS 1.2 and
 * later where there are certificates.
 */
#ifndef SIDEWIRE_WEBHOOK_HTTP_SERVER_H
#define SIDEWIRE_WEBHOOK_HTTP_SERVER_H

#include <stddef.h>

#include "common/base/err.h"
#include "webhook/io/certificate.h"
#include "webhook/io/http_exchange.h"
#include "webhook/io/metrics.h"

struct http_server;

/* Borrowed, as is all in it, until the server is freed. */
struct http_server_options {
	struct certificate_slot *certificates; /* NULL: no TLS */
	struct metrics *metrics;               /* counts errors; NULL: nobody does */
	struct http_service service;
	unsigned int threads; /* 1 and up */
};

/*
 * Makes a server on a listening socket (see listen_socket_open()), whose descriptor is the
 * server's from now on, also when this fails. Until http_server_start() connections wait in the
 * socket's backlog. The caller frees *ret_server. -ENOMEM.
 */
int http_server_new(const struct http_server_options *options, int listen_fd,
		    struct http_server **ret_server, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Accepts connections and serves them from now on. Once only; with TLS, when there is a
 * certificate. -EIO when libmicrohttpd does not start.
 */
int http_server_start(struct http_server *server, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Requests whose head was read, and whose reply has not left. */
size_t http_server_in_flight(const struct http_server *server) __attribute__((nonnull));

/*
 * Ends connections that have waited too long, see connection_list.h. To be called every few
 * seconds.
 */
void http_server_sweep(struct http_server *server) __attribute__((nonnull));

/*
 * Accepts no connection from now on, and ends every connection with its next reply. The socket is
 * shut down: no process that has it can accept any more. Once only, after http_server_start().
 */
void http_server_drain(struct http_server *server) __attribute__((nonnull));

/* Ends all connections, of which none may wait (struct http_wait), waits for the threads, frees.
 * NULL is allowed. */
void http_server_free(struct http_server *server);

#endif
