/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One watch: lists, then follows, again and again (see kube_client_watch()). Milliseconds are those
 * of one monotonic clock, whichever the caller has.
 */
#ifndef SIDEWIRE_IO_KUBE_WATCH_H
#define SIDEWIRE_IO_KUBE_WATCH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/kube_event.h"
#include "common/io/kube_client.h"
#include "common/io/kube_transfer.h"

/* Stays where it is: its transfer points to it. */
struct kube_watch {
	kube_watch_handler *handler;
	void *context;
	kube_watch_keeper *keep;
	unsigned int page_items;
	char *collection;                     /* owned */
	char *selector;                       /* owned; NULL: none */
	char version[KUBE_VERSION_SIZE];      /* where to go on; "": it must list */
	json_t *listed;                       /* what was kept of the pages so far, owned */
	char *next_page;                      /* owned; NULL: the first */
	struct kube_transfer *transfer;       /* NULL between two */
	struct kube_transfer_request request; /* of the transfer */
	char *path;                           /* owned; of the request */
	struct err stop;                      /* why a line ended the transfer; code 0: none did */
	struct err trouble;                   /* why the last attempt failed; code 0, and "": it has
						 served since. kube_watch_advance()'s caller writes it */
	bool is_heard;                        /* a good line came, which is not noted yet */
	bool has_served;                      /* a good line came in this transfer */
	unsigned int failures;                /* in a row */
	bool has_news;      /* the handler got an event; whoever looks at it clears it */
	long long due_ms;   /* when the next transfer begins, while there is none */
	long long begun_ms; /* when the transfer began */
	long long heard_ms; /* when the last list or line came that was good */
};

/* Copies the request into a zeroed watch, which is due at once. The caller releases it. -ENOMEM. */
int kube_watch_init(struct kube_watch *watch, const struct kube_watch_request *request,
		    long long now_ms, struct err *err) __attribute__((nonnull, warn_unused_result));

/* Ends the transfer and frees. */
void kube_watch_release(struct kube_watch *watch) __attribute__((nonnull));

/*
 * Takes it as far as it goes by now; to be called after curl_multi_perform() and
 * kube_transfer_reap(): begins a transfer that is due on the multi handle, ends one that is done or
 * silent for too long. `random` spreads what many clients do. By whatever negative errno when an
 * attempt failed, which will be repeated.
 */
int kube_watch_advance(struct kube_watch *watch, CURLM *multi,
		       const struct kube_client_options *options, long long now_ms, uint32_t random,
		       struct err *err) __attribute__((nonnull, warn_unused_result));

/* When it wants to be advanced, whatever comes before. */
long long kube_watch_due_ms(const struct kube_watch *watch,
			    const struct kube_client_options *options) __attribute__((nonnull));

#endif
