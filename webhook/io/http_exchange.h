/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTP request and its reply: which route it takes, what is refused before anybody looks at the
 * body, and the body as it grows. Knows no HTTP library.
 */
#ifndef SIDEWIRE_WEBHOOK_HTTP_EXCHANGE_H
#define SIDEWIRE_WEBHOOK_HTTP_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum {
	HTTP_REQUEST_SECONDS_MAX = 30, /* from head to end of body; no API server waits longer */
	/* Bytes of all bodies of a server at once. Those larger than HTTP_BODY_SMALL find less
	 * room, so that whoever holds some of them does not keep all others out. */
	HTTP_BODY_BYTES_MAX = 20 * 1024 * 1024,
	HTTP_BODY_SMALL = 64 * 1024,
	HTTP_LARGE_BYTES_MAX = 12 * 1024 * 1024,
};

/*
 * How a request waits for something without a thread that stands still. An answer that can not be
 * given yet calls http_wait_begin(), hands the wait on to somebody, and leaves the reply's status
 * 0. That one calls http_wait_end() when it can, once, in any thread; then the request is answered
 * anew. The wait lives until then.
 */
struct http_wait {
	struct http_wait *next; /* for whoever it was handed on to */
	uint64_t begun_ns;      /* for the answer; 0 at first */
	/* The server's own. */
	void *connection;
	void (*suspend)(void *connection);
	void (*resume)(void *connection);
};

/* The request waits from now on. */
void http_wait_begin(struct http_wait *wait) __attribute__((nonnull));

/* The request is answered anew; the wait may be gone. */
void http_wait_end(struct http_wait *wait) __attribute__((nonnull));

/* A whole request. Borrowed. */
struct http_request {
	const char *path;
	const char *body;
	size_t body_length;
	struct http_wait *wait;
};

struct http_reply {
	unsigned int status;      /* 0: not yet, see struct http_wait */
	const char *content_type; /* static */
	const char *allow;        /* static; methods, with status 405 only; else NULL */
	char *body;               /* owned; NULL: empty */
	size_t body_length;
};

/* What is answered under a path. */
struct http_route {
	const char *path;
	bool is_review; /* POST of application/json; else GET and HEAD */
	/* Fills in the reply, which is zero; called by several threads at once. */
	void (*answer)(void *context, const struct http_request *request, struct http_reply *reply);
};

/* What a server serves. Borrowed by all that are given it. */
struct http_service {
	const struct http_route *routes; /* ended by one without a path */
	void *context;                   /* for the routes */
	size_t body_max;                 /* bytes */
	/* The server's own: bytes of all bodies that are held at present; how a connection waits.
	 */
	atomic_size_t *body_bytes;
	void (*suspend)(void *connection);
	void (*resume)(void *connection);
};

/* The head of a request; members that it does not have are NULL. Borrowed. */
struct http_head {
	const char *method;
	const char *path;
	const char *content_type;
	const char *content_length;
	void *connection; /* for the service's suspend and resume */
};

struct http_exchange;

/* Begins. The service must outlive the exchange; the head is copied where needed. -ENOMEM. */
int http_exchange_new(const struct http_service *service, const struct http_head *head,
		      struct http_exchange **ret_exchange, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* NULL is allowed. */
void http_exchange_free(struct http_exchange *exchange);

/*
 * Whether the reply is due before the body is read, since the client announces too large a one.
 */
bool http_exchange_is_hopeless(const struct http_exchange *exchange) __attribute__((nonnull));

/*
 * Takes a part of the body. What is too large is dropped, and answered with 413 at its end; so is,
 * with 503, what finds no room beside other bodies. false
 * when that end is not to be waited for: twice as large as allowed, or too slow.
 */
bool http_exchange_receive(struct http_exchange *exchange, const char *part, size_t length)
	__attribute__((nonnull));

/* The path, for logs. */
const char *http_exchange_path(const struct http_exchange *exchange) __attribute__((nonnull));

/* Answers; the caller owns the reply's body. With the status 0 it is to be called again when the
 * connection was resumed. */
void http_exchange_answer(struct http_exchange *exchange, struct http_reply *ret_reply)
	__attribute__((nonnull));

/*
 * Makes a reply of plain text out of a sentence, which gets a newline. Without memory the reply is
 * 503 and empty.
 */
void http_reply_text(struct http_reply *reply, unsigned int status, const char *sentence)
	__attribute__((nonnull));

#endif
