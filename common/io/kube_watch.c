/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/kube_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/kube_retry.h"

enum {
	/* The server ends a watch after this, or up to twice as long: then the token is shown anew.
	 */
	WATCH_S_MIN = 300,
	/* A watch that lasted so long is no part of a row of failures. */
	SERVED_MS = 10 * 1000,
};

static const enum kube_watch_event CHANGES[] = {
	[KUBE_EVENT_ADDED] = KUBE_WATCH_ADDED,
	[KUBE_EVENT_MODIFIED] = KUBE_WATCH_MODIFIED,
	[KUBE_EVENT_DELETED] = KUBE_WATCH_DELETED,
};

int kube_watch_init(struct kube_watch *watch, const struct kube_watch_request *request,
		    long long now_ms, struct err *err)
{
	CLEANUP(freep) char *collection = strdup(request->collection);
	CLEANUP(freep) char *selector = NULL;

	if (request->selector != NULL)
		selector = strdup(request->selector);
	if (collection == NULL || (selector == NULL && request->selector != NULL))
		return err_set(err, ENOMEM, "out of memory");
	watch->handler = request->handler;
	watch->context = request->context;
	watch->keep = request->keep;
	watch->page_items = request->page_items != 0 ? request->page_items : KUBE_PAGE_ITEMS;
	watch->collection = TAKE(collection);
	watch->selector = TAKE(selector);
	watch->due_ms = now_ms;
	watch->heard_ms = now_ms;
	return 0;
}

static void drop_pages(struct kube_watch *watch)
{
	json_decref(TAKE(watch->listed));
	free(TAKE(watch->next_page));
}

/* It can not go on from where it was: it must list, from the first page on. */
static void lose_place(struct kube_watch *watch)
{
	watch->version[0] = '\0';
	drop_pages(watch);
}

/* Ends what belongs to one transfer. */
static void end_transfer(struct kube_watch *watch)
{
	kube_transfer_free(TAKE(watch->transfer));
	free(TAKE(watch->path));
	watch->stop.code = 0;
	watch->has_served = false;
}

void kube_watch_release(struct kube_watch *watch)
{
	end_transfer(watch);
	drop_pages(watch);
	free(TAKE(watch->collection));
	free(TAKE(watch->selector));
}

static void deliver(struct kube_watch *watch, enum kube_watch_event event, json_t *object)
{
	watch->has_news = true;
	watch->handler(watch->context, event, object);
}

/* The message of a Status, for people. */
static const char *status_message(const json_t *status)
{
	const char *message = json_string_value(json_object_get(status, "message"));

	return message != NULL ? message : "no message";
}

/* An ERROR event ends the watch, and says where the next one must begin. */
static int take_error(struct kube_watch *watch, const json_t *status, struct err *err)
{
	long code = (long)json_integer_value(json_object_get(status, "code"));

	if (!kube_is_resumed(code))
		lose_place(watch);
	return err_set(err, EIO, "the server ended the watch: %ld, %.300s", code,
		       status_message(status));
}

static int take_event(struct kube_watch *watch, const char *line, size_t length, struct err *err)
{
	CLEANUP(kube_event_release) struct kube_event event = {0};
	int r = kube_event_parse(line, length, &event, err);

	/* What has happened there is unknown; a list says what is. */
	if (r == -EINVAL)
		lose_place(watch);
	if (r < 0)
		return r;
	if (event.type == KUBE_EVENT_ERROR)
		return take_error(watch, event.object, err);
	memcpy(watch->version, event.version, sizeof(watch->version));
	watch->is_heard = true;
	if (event.type != KUBE_EVENT_BOOKMARK)
		deliver(watch, CHANGES[event.type], event.object);
	return 0;
}

static bool take_line(void *context, const char *line, size_t length)
{
	struct kube_watch *watch = context;

	return take_event(watch, line, length, &watch->stop) == 0;
}

/* The path of the next request: of a list, or of a watch from where it was. */
static int write_path(struct kube_watch *watch, uint32_t random, struct err *err)
{
	const char *selector = watch->selector != NULL ? watch->selector : "";
	int length;

	if (watch->version[0] == '\0')
		length = asprintf(&watch->path, "%s?limit=%u%s%s%s%s", watch->collection,
				  watch->page_items, *selector != '\0' ? "&" : "", selector,
				  watch->next_page != NULL ? "&continue=" : "",
				  watch->next_page != NULL ? watch->next_page : "");
	else
		length = asprintf(&watch->path,
				  "%s?watch=1&allowWatchBookmarks=true&resourceVersion=%s"
				  "&timeoutSeconds=%u%s%s",
				  watch->collection, watch->version,
				  WATCH_S_MIN + random % WATCH_S_MIN, *selector != '\0' ? "&" : "",
				  selector);
	if (length < 0) {
		watch->path = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int start(struct kube_watch *watch, CURLM *multi, const struct kube_client_options *options,
		 uint32_t random, struct err *err)
{
	bool is_list = watch->version[0] == '\0';
	int r = write_path(watch, random, err);

	if (r < 0)
		return r;
	watch->request = (struct kube_transfer_request){
		.method = "GET",
		.path = watch->path,
		.line = is_list ? NULL : take_line,
		.context = watch,
	};
	return kube_transfer_start(multi, options, &watch->request, &watch->transfer, err);
}

/* Adds a page to those before. */
static int keep_items(struct kube_watch *watch, json_t *items, struct err *err)
{
	json_t *item;
	size_t index;

	if (watch->listed == NULL)
		watch->listed = json_array();
	json_array_foreach(items, index, item) {
		json_t *kept = watch->keep != NULL ? watch->keep(item) : json_incref(item);

		/* _new takes what is kept, and fails for NULL. */
		if (json_array_append_new(watch->listed, kept) < 0)
			return err_set(err, ENOMEM, "out of memory");
	}
	return watch->listed != NULL ? 0 : err_set(err, ENOMEM, "out of memory");
}

static int note_next_page(struct kube_watch *watch, const char *token, struct err *err)
{
	char *copy = strdup(token);

	if (copy == NULL)
		return err_set(err, ENOMEM, "out of memory");
	free(watch->next_page);
	watch->next_page = copy;
	return 0;
}

/* The list is whole, and the watch can begin. */
static void deliver_list(struct kube_watch *watch, const char version[KUBE_VERSION_SIZE])
{
	json_auto_t *items = TAKE(watch->listed);

	memcpy(watch->version, version, KUBE_VERSION_SIZE);
	watch->is_heard = true;
	deliver(watch, KUBE_WATCH_LISTED, items);
}

/* Takes a page of a list. What fails here would fail again: then the list begins anew. */
static int take_page(struct kube_watch *watch, const json_t *page, struct err *err)
{
	json_auto_t *items = NULL;
	char version[KUBE_VERSION_SIZE];
	const char *next = NULL;
	int r = kube_list_parse(page, &items, version, err);

	if (r == 0)
		r = kube_list_next(page, &next, err);
	if (r == 0)
		r = keep_items(watch, items, err);
	if (r == 0 && next != NULL)
		r = note_next_page(watch, next, err);
	if (r == 0 && next == NULL)
		deliver_list(watch, version);
	if (r < 0)
		lose_place(watch);
	return r;
}

static bool is_refusal(long status)
{
	return status == 401 || status == 403;
}

/* What a transfer that is done has brought. */
static int take_reply(struct kube_watch *watch, struct err *err)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	int r = kube_transfer_finish(watch->transfer, &reply, err);

	/* A line that is too large now would be so again. */
	if (r == -EFBIG)
		lose_place(watch);
	if (r == -ECANCELED)
		*err = watch->stop;
	if (r < 0)
		return r;
	if (reply.status != 200 && !kube_is_resumed(reply.status))
		lose_place(watch);
	if (reply.status != 200)
		return err_set(err, is_refusal(reply.status) ? EACCES : EIO,
			       "HTTP status %ld, %.300s", reply.status,
			       status_message(reply.object));
	if (watch->request.line == NULL)
		return take_page(watch, reply.object, err);
	/* Otherwise a server that ends every watch at once would be asked without a pause. */
	if (!watch->has_served)
		return err_set(err, EIO, "the server ended the watch before any event");
	return 0;
}

static void note_heard(struct kube_watch *watch, long long now_ms)
{
	if (!watch->is_heard)
		return;
	watch->is_heard = false;
	watch->has_served = true;
	watch->heard_ms = now_ms;
	if (watch->request.line != NULL)
		watch->trouble = (struct err){0};
}

/* Ends the transfer, done or overdue. The next one follows a list at once, others after a pause. */
static int finish(struct kube_watch *watch, long long now_ms, uint32_t random, struct err *err)
{
	bool is_list = watch->request.line == NULL;
	unsigned long retry_after_s = kube_transfer_retry_after_s(watch->transfer);
	int r;

	if (!is_list && kube_transfer_status(watch->transfer) == 200 &&
	    now_ms - watch->begun_ms >= SERVED_MS)
		watch->has_served = true;
	/* A list alone ends no row of failures: watches after it may fail again and again. */
	if (!is_list && watch->has_served)
		watch->failures = 0;
	if (kube_transfer_is_done(watch->transfer))
		r = take_reply(watch, err);
	else
		r = err_set(err, ETIMEDOUT, "the server said nothing for too long");
	note_heard(watch, now_ms);
	end_transfer(watch);
	if (r < 0)
		watch->failures++;
	watch->due_ms = now_ms;
	if (!is_list || r < 0)
		watch->due_ms += kube_pause_ms(watch->failures, random, retry_after_s);
	return r;
}

static int begin(struct kube_watch *watch, CURLM *multi, const struct kube_client_options *options,
		 long long now_ms, uint32_t random, struct err *err)
{
	int r = start(watch, multi, options, random, err);

	watch->begun_ms = now_ms;
	if (r == 0)
		return 0;
	end_transfer(watch);
	watch->failures++;
	watch->due_ms = now_ms + kube_pause_ms(watch->failures, random, 0);
	return r;
}

int kube_watch_advance(struct kube_watch *watch, CURLM *multi,
		       const struct kube_client_options *options, long long now_ms, uint32_t random,
		       struct err *err)
{
	int r = 0;

	note_heard(watch, now_ms);
	bool is_due = now_ms >= kube_watch_due_ms(watch, options);
	if (watch->transfer != NULL && (is_due || kube_transfer_is_done(watch->transfer)))
		r = finish(watch, now_ms, random, err);
	if (r == 0 && watch->transfer == NULL && now_ms >= watch->due_ms)
		r = begin(watch, multi, options, now_ms, random, err);
	return r < 0 ? err_wrap(err, "%s", watch->collection) : 0;
}

long long kube_watch_due_ms(const struct kube_watch *watch,
			    const struct kube_client_options *options)
{
	if (watch->transfer == NULL)
		return watch->due_ms;
	bool is_following =
		watch->request.line != NULL && kube_transfer_status(watch->transfer) == 200;
	long long last_ms = watch->heard_ms > watch->begun_ms ? watch->heard_ms : watch->begun_ms;
	return last_ms + (is_following ? options->stall_ms : options->timeout_ms);
}
