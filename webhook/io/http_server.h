/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP/1.1 server on libmicrohttpd: a few threads, each with its own epoll; with TLS 1.2 and
 * later where there are certificates.
 */
#ifndef SIDEWIRE_WEBHOOK_HTTP_SERVER_H
#define SIDEWIRE_WEBHOOK_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "webhook/io/certificate.h"
#include "webhook/io/http_exchange.h"
#include "webhook/io/metrics.h"

struct http_server;

/* Borrowed, as is all in it, until the server is freed. */
struct http_server_options {
	const char *address;                   /* see listen_socket_open() */
	struct certificate_slot *certificates; /* NULL: no TLS */
	struct metrics *metrics;               /* counts errors; NULL: nobody does */
	struct http_service service;
	unsigned int threads; /* 1 and up */
};

/*
 * Listens and serves, at once. The caller frees *ret_server. What listen_socket_open() says; -EIO
 * when libmicrohttpd does not start; -ENOMEM.
 */
int http_server_start(const struct http_server_options *options, struct http_server **ret_server,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

/* The port that it listens on. */
uint16_t http_server_port_host(const struct http_server *server) __attribute__((nonnull));

/* Requests whose head was read, and whose reply has not left. */
size_t http_server_in_flight(const struct http_server *server) __attribute__((nonnull));

/*
 * Ends connections that have waited too long, see connection_list.h. To be called every few
 * seconds.
 */
void http_server_sweep(struct http_server *server) __attribute__((nonnull));

/* Accepts no connection from now on, and ends every connection with its next reply. Once only. */
void http_server_drain(struct http_server *server) __attribute__((nonnull));

/* Ends all connections, of which none may wait (struct http_wait), waits for the threads, frees.
 * NULL is allowed. */
void http_server_free(struct http_server *server);

#endif
