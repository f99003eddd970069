/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections of a server, and since when each has been waiting for a request. libmicrohttpd
 * knows how long nothing came; a client that sends a byte now and then is never cut by that. Here
 * the whole wait counts: whoever holds a connection without asking anything has to let it go, and
 * sooner when connections run short. Any thread may call any of these at any time.
 */
#ifndef SIDEWIRE_WEBHOOK_CONNECTION_LIST_H
#define SIDEWIRE_WEBHOOK_CONNECTION_LIST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct certificate;

/* How far a connection's TLS handshake has come. */
enum tls_stage {
	TLS_SILENT, /* nothing has come that begins one */
	TLS_HELLO,  /* the client's hello has */
	TLS_DONE,   /* the client's last word has; it believes our certificate */
};

/* One connection: a member of its list until it is removed. */
struct connection {
	struct certificate *certificate; /* for the owner's use, who keeps the reference */
	enum tls_stage tls;              /* likewise */
	int fd;                          /* borrowed: open until the connection is removed */
	bool has_asked;                  /* a first request has come */
	int64_t waiting_since_ms;        /* CLOCK_MONOTONIC; 0: a request is being served */
	struct connection *previous;
	struct connection *next;
};

struct connection_list {
	pthread_mutex_t mutex;
	struct connection *first;
	size_t count;
	size_t count_short; /* above so many, waiting ends after CONNECTION_SHORT_MS */
};

enum {
	CONNECTION_HEAD_MS = 15 * 1000, /* to the end of the handshake and of the first head */
	CONNECTION_SHORT_MS = 5 * 1000, /* in place of either, when connections run short */
	/* Between requests. An API server closes after 90 s (Go's http.DefaultTransport): we wait
	 * longer, so that it never sends into a connection that we are closing. */
	CONNECTION_IDLE_MS = 120 * 1000,
};

/* Makes an empty list. */
void connection_list_init(struct connection_list *list, size_t count_short)
	__attribute__((nonnull));

/* The list is empty, and nobody uses it any more. */
void connection_list_release(struct connection_list *list) __attribute__((nonnull));

/* Adds a connection, just accepted; the list owns it. NULL without memory. */
struct connection *connection_list_add(struct connection_list *list, int fd)
	__attribute__((nonnull));

/* Removes a connection that is about to be closed, and frees it. */
void connection_list_remove(struct connection_list *list, struct connection *connection)
	__attribute__((nonnull));

/* A request's head has come: nobody waits. */
void connection_list_begin(struct connection_list *list, struct connection *connection)
	__attribute__((nonnull));

/* The request is over: the wait for the next one begins. */
void connection_list_end(struct connection_list *list, struct connection *connection)
	__attribute__((nonnull));

/* Shuts down (shutdown(2)) every connection that has waited too long; to be called again and again.
 */
void connection_list_sweep(struct connection_list *list) __attribute__((nonnull));

#endif
