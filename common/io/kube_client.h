/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of the Kubernetes API on libcurl: calls with retries, and watches that keep themselves
 * alive. For one thread, but for kube_client_stop(); everything happens inside kube_client_call()
 * and kube_client_wait().
 *
 * The server must have a certificate of the CA file's authority for the name or address in its URL;
 * no other authority is believed, no proxy used, no redirection followed. Both files are read anew:
 * the token for each request, the CA for each connection.
 */
#ifndef SIDEWIRE_IO_KUBE_CLIENT_H
#define SIDEWIRE_IO_KUBE_CLIENT_H

#include <jansson.h>
#include <poll.h>
#include <stddef.h>

#include "common/base/err.h"

enum {
	KUBE_TIMEOUT_MS = 10 * 1000,        /* of one attempt, unless the options say otherwise */
	KUBE_CONNECT_TIMEOUT_MS = 5 * 1000, /* of TCP and TLS, within that of the attempt */
	KUBE_CALL_MS_MAX = 20 * 1000,       /* of a call with all its attempts, likewise */
	KUBE_WATCH_STALL_MS =
		180 * 1000, /* bookmarks come once a minute, the first after up to two */
	KUBE_REPLY_SIZE_MAX = 32 * 1024 * 1024, /* bytes of a reply or page of a list */
	KUBE_WATCH_LINE_SIZE_MAX =
		4 * 1024 * 1024,         /* bytes of one event; etcd stores up to 1.5 MiB */
	KUBE_TOKEN_SIZE_MAX = 64 * 1024, /* bytes of the token file */
	KUBE_WATCHES_MAX = 8,            /* of one client */
	KUBE_PAGE_ITEMS = 500,           /* of a list at once, unless the request says otherwise */
	KUBE_WAIT_OTHERS_MAX = 16,       /* descriptors that kube_client_wait() takes */
};

struct kube_client;

struct kube_client_options {
	const char *server;      /* "https://10.96.0.1:443": scheme, host and port, no path */
	const char *ca_file;     /* PEM */
	const char *token_file;  /* blanks and newlines around the token are allowed */
	const char *user_agent;  /* "sidewire-node/0.1.0" */
	unsigned int timeout_ms; /* of one attempt; 0: KUBE_TIMEOUT_MS */
	unsigned int call_ms;    /* of a call with all its attempts; 0: KUBE_CALL_MS_MAX */
	unsigned int stall_ms;   /* a watch silent so long is opened anew; 0: KUBE_WATCH_STALL_MS */
	char *owned; /* what kube_client_options_release() frees; NULL in options of one's own */
};

/*
 * The options of a pod: server from $KUBERNETES_SERVICE_HOST and _PORT, files of its service
 * account. `user_agent` is borrowed as long as the options are used; the caller releases them.
 * -ENOENT when a variable is not set (this is no pod); -ENOMEM.
 */
int kube_client_options_in_cluster(const char *user_agent, struct kube_client_options *ret_options,
				   struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees what kube_client_options_in_cluster() made; zeroed options are allowed. For CLEANUP(). */
void kube_client_options_release(struct kube_client_options *options) __attribute__((nonnull));

/*
 * Makes a client, which asks nothing yet. The options are copied: they may be released afterwards.
 * The caller frees *ret_client. -EINVAL when the server is no https URL; -ENOMEM.
 */
int kube_client_new(const struct kube_client_options *options, struct kube_client **ret_client,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * From any thread, until the client is freed: what is under way is broken off, and the client asks
 * for nothing any more. Every call and wait fails with -ECANCELED, those that are waiting at once.
 */
void kube_client_stop(struct kube_client *client) __attribute__((nonnull));

/* Ends all watches, closes all connections, frees. NULL is allowed. */
void kube_client_free(struct kube_client *client);

/* The same for CLEANUP(); sets the variable to NULL. */
void kube_client_freep(struct kube_client **client) __attribute__((nonnull));

struct kube_request {
	const char *method;       /* "GET", "PUT", "POST", "PATCH", "DELETE" */
	const char *path;         /* begins with "/"; with its query, percent-encoded */
	const char *content_type; /* of the body; NULL: application/json */
	json_t *body;             /* borrowed; NULL: none */
};

struct kube_reply {
	long status;    /* HTTP: 404, 409, 403 are values, not errors */
	json_t *object; /* owned; the object or a Status; NULL when it was no JSON object */
};

/*
 * Makes a request and waits for its reply; the caller releases *ret_reply. 429, 5xx and no answer
 * are tried again with growing, jittered pauses (no shorter than Retry-After asks) as long as
 * the options' call_ms allow; then the last reply stands. So what an attempt without an answer did
 * may have happened: a POST can find its own object (409), a DELETE can find nothing (404).
 *
 * Watches go on meanwhile, and their handlers run. Not to be called by a handler.
 *
 * -EIO when no answer came to any attempt; -EPROTO at once when the server's certificate or the CA
 * file is not what it should be; -EFBIG for a reply over KUBE_REPLY_SIZE_MAX; -EINVAL for
 * a token file without a token, and what reading it says; -ECANCELED once it is stopped; -ENOMEM.
 */
int kube_client_call(struct kube_client *client, const struct kube_request *request,
		     struct kube_reply *ret_reply, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Gives the object back. For CLEANUP(); a zeroed reply is allowed. */
void kube_reply_release(struct kube_reply *reply) __attribute__((nonnull));

enum kube_watch_event {
	KUBE_WATCH_LISTED, /* object: array of all items there are, as far as they were kept;
			      replaces all before */
	KUBE_WATCH_ADDED,
	KUBE_WATCH_MODIFIED,
	KUBE_WATCH_DELETED, /* object: as it was last */
};

/*
 * Gets an event. `object` is borrowed (json_incref() keeps it); items of a list have no kind and
 * apiVersion. It notes what it saw and returns: it must not use the client.
 */
typedef void kube_watch_handler(void *context, enum kube_watch_event event, json_t *object);

/*
 * What is kept of an item of a list until the whole list is there: a new reference, NULL without
 * memory. It must not use the client.
 */
typedef json_t *kube_watch_keeper(json_t *item);

/* Copied, but for what context points to, which must live as long as the client. */
struct kube_watch_request {
	const char *collection; /* "/api/v1/namespaces" */
	const char
		*selector; /* part of a query: "fieldSelector=metadata.name%3Dx"; NULL: all of it */
	kube_watch_handler *handler;
	void *context;
	kube_watch_keeper *keep; /* NULL: items are kept whole */
	unsigned int page_items; /* of a list that are asked for at once; 0: KUBE_PAGE_ITEMS */
};

/*
 * Begins a watch that lasts until the client is freed: lists, in pages, then follows changes; it
 * resumes where it was after the server ends it, after a broken connection and after silence, and
 * lists anew when the server has forgotten that place (410). After failures, 401 and 403 included,
 * it tries again for ever, with growing pauses of up to 30 s; kube_client_health() tells. Nothing
 * is asked before the next call or wait. -ENOSPC over KUBE_WATCHES_MAX; -ENOMEM.
 */
int kube_client_watch(struct kube_client *client, const struct kube_watch_request *request,
		      struct err *err) __attribute__((nonnull, warn_unused_result));

/*
 * Drives the watches until a handler has got an event (also one during a call since the last wait:
 * that returns at once), one of `count` other descriptors is ready (their revents say which, as
 * poll(2) does), or timeout_ms (-1: for ever) are over. Descriptors are also looked at when an
 * event came. 0 in all these cases. A signal's handler does not end it: signalfd(2) does. -EINVAL
 * over KUBE_WAIT_OTHERS_MAX; -ECANCELED once it is stopped; -ENOMEM; -EIO when polling fails.
 */
int kube_client_wait(struct kube_client *client, struct pollfd *others, size_t count,
		     int timeout_ms, struct err *err)
	__attribute__((nonnull(1, 5), warn_unused_result));

/* Why the last attempt of a watch failed, with -EACCES when it was refused (401, 403); code 0 and
 * "" when it has served since. Watches count from 0 in the order in which they were begun. Borrowed
 * until the client is used again. */
const struct err *kube_client_trouble(const struct kube_client *client, size_t watch)
	__attribute__((nonnull));

/* How the watches fare. */
struct kube_health {
	unsigned long failures;   /* attempts of any watch that failed, ever */
	const char *last_failure; /* why the last one did, a sentence; "" while none has; borrowed
				     until the client is used again */
	long long silent_ms;      /* since the watch that was silent longest was heard of; a quiet
				     watch hears a bookmark about once a minute. 0 without watches */
};

/* Writes *ret_health. */
void kube_client_health(const struct kube_client *client, struct kube_health *ret_health)
	__attribute__((nonnull));

#endif
