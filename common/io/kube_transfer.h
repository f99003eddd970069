/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request to the Kubernetes API under way on a curl multi handle. Over HTTP/1.1: each watch has
 * a connection of its own, and one on which something went wrong is closed. With HTTP/2 all would
 * share one, and what comes after a failure would be sent into the same dead connection.
 */
#ifndef SIDEWIRE_IO_KUBE_TRANSFER_H
#define SIDEWIRE_IO_KUBE_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/io/kube_client.h"

struct kube_transfer;

/* Gets a line without its newline; false ends the transfer. It must not touch any transfer. */
typedef bool kube_line_handler(void *context, const char *line, size_t length);

/* Borrowed, as is all in it, until the transfer is freed. */
struct kube_transfer_request {
	const char *method;
	const char *path;         /* with its query */
	const char *content_type; /* of the body */
	const char *body;         /* NULL: none */
	unsigned int timeout_ms;  /* 0: as long as it takes, once there is a connection */
	kube_line_handler *line; /* gets a 200's body, line by line; NULL: it is kept like others */
	void *context;
};

/*
 * Adds the transfer to the multi handle; curl_multi_perform() drives it. The caller frees
 * *ret_transfer. The server and what proves who is who come from the options, borrowed as well.
 * -EINVAL for a token file without a token, and what reading it says; -ENOMEM; -EIO when libcurl
 * refuses.
 */
int kube_transfer_start(CURLM *multi, const struct kube_client_options *options,
			const struct kube_transfer_request *request,
			struct kube_transfer **ret_transfer, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Takes it from the multi handle; one that is under way ends with its connection. NULL is allowed.
 */
void kube_transfer_free(struct kube_transfer *transfer);

/* The same for CLEANUP(). */
void kube_transfer_freep(struct kube_transfer **transfer) __attribute__((nonnull));

/* To be called after curl_multi_perform(): notes which transfers are done. */
void kube_transfer_reap(CURLM *multi) __attribute__((nonnull));

/* Whether it has come to its end, good or bad. */
bool kube_transfer_is_done(const struct kube_transfer *transfer) __attribute__((nonnull));

/* The HTTP status, 0 as long as there is none. */
long kube_transfer_status(const struct kube_transfer *transfer) __attribute__((nonnull));

/* The pause that the server asked for, in seconds; 0: it did not. */
unsigned long kube_transfer_retry_after_s(const struct kube_transfer *transfer)
	__attribute__((nonnull));

/*
 * What came of a transfer that is done. The caller releases *ret_reply. -EIO when no whole answer
 * came; -EPROTO when the server could not be believed; -EFBIG over KUBE_REPLY_SIZE_MAX or, for a
 * line, KUBE_WATCH_LINE_SIZE_MAX; -ECANCELED when the line handler ended it; -ENOMEM.
 */
int kube_transfer_finish(const struct kube_transfer *transfer, struct kube_reply *ret_reply,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
