/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/event_sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/event_object.h"
#include "common/io/kube_client.h"
#include "common/io/log.h"
#include "common/io/monotonic.h"
#include "common/io/utc_time.h"
#include "webhook/core/event_memory.h"
#include "webhook/io/cluster_client.h"

enum {
	QUEUE_MAX = 32,
	CALL_MS = 10 * 1000, /* of an Event with all attempts: the next ones wait for it */
};

struct event_sender {
	const char *pod_name;
	struct kube_client *client; /* the thread's */
	pthread_t thread;
	bool has_thread;
	bool is_troubled; /* the thread's own: that Events are not taken was logged */

	pthread_mutex_t mutex; /* guards all of the following */
	pthread_cond_t changed;
	bool is_stopping;
	struct event_memory memory;
	struct review_event queue[QUEUE_MAX]; /* a ring */
	size_t first;
	size_t count;
	struct event_report report;
};

/* Waits for an Event, and takes it from the queue. false when the sender is to end. */
static bool take_next(struct event_sender *sender, struct review_event *ret_event)
{
	pthread_mutex_lock(&sender->mutex);
	while (sender->count == 0 && !sender->is_stopping)
		pthread_cond_wait(&sender->changed, &sender->mutex);
	bool is_stopping = sender->is_stopping;
	if (!is_stopping) {
		*ret_event = sender->queue[sender->first];
		sender->first = (sender->first + 1) % QUEUE_MAX;
		sender->count--;
	}
	pthread_mutex_unlock(&sender->mutex);
	return !is_stopping;
}

static json_t *make_object(const struct event_sender *sender, const struct review_event *event)
{
	char time[UTC_TIME_SIZE];

	utc_time_now(time);
	const struct event_object object = {
		.component = "sidewire-webhook",
		.host = sender->pod_name,
		.namespace_name = event->namespace_name,
		.about_api_version = event->api_version,
		.about_kind = event->kind,
		.about_namespace = event->namespace_name,
		.about_name = event->name,
		.about_uid = event->uid[0] != '\0' ? event->uid : NULL,
		.reason = event->reason,
		.message = event->message,
		.time = time,
	};
	return event_object_make(&object);
}

static int send_event(struct event_sender *sender, const struct review_event *event,
		      struct err *err)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	json_auto_t *object = make_object(sender, event);
	char path[sizeof("/api/v1/namespaces//events") + NAMESPACE_NAME_MAX];
	const struct kube_request request = {"POST", path, NULL, object};

	if (object == NULL)
		return err_set(err, ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/events", event->namespace_name);
	int r = kube_client_call(sender->client, &request, &reply, err);
	if (r < 0)
		return r;
	const char *message = json_string_value(json_object_get(reply.object, "message"));
	if (reply.status != 201)
		return err_set(
			err, EPERM, "the API server refused an Event (HTTP status %ld)%s%.300s",
			reply.status, message != NULL ? ": " : "", message != NULL ? message : "");
	return 0;
}

/* Counts what became of an Event, and logs when trouble begins. To be stopped is none. */
static void note_result(struct event_sender *sender, int r, const struct err *err)
{
	struct log_line line;

	if (r == -ECANCELED)
		return;
	pthread_mutex_lock(&sender->mutex);
	if (r == 0)
		sender->report.sent++;
	else
		sender->report.failed++;
	pthread_mutex_unlock(&sender->mutex);
	if (r < 0 && !sender->is_troubled) {
		log_begin(&line, LOG_WARNING, "an Event was not sent");
		log_text(&line, "detail", err->msg);
		log_end(&line);
	}
	sender->is_troubled = r < 0;
}

static void *run(void *context)
{
	struct event_sender *sender = context;
	struct review_event event;
	struct err err;

	while (take_next(sender, &event)) {
		int r = send_event(sender, &event, &err);
		note_result(sender, r, &err);
	}
	return NULL;
}

static void sender_freep(struct event_sender **sender)
{
	event_sender_free(*sender);
}

int event_sender_start(const char *service_account, const char *pod_name,
		       struct event_sender **ret_sender, struct err *err)
{
	const struct cluster_client_options client = {.service_account = service_account,
						      .call_ms = CALL_MS};
	CLEANUP(sender_freep) struct event_sender *sender = calloc(1, sizeof(*sender));

	if (sender == NULL)
		return err_set(err, ENOMEM, "out of memory");
	pthread_mutex_init(&sender->mutex, NULL);
	pthread_cond_init(&sender->changed, NULL);
	sender->pod_name = pod_name;
	int r = cluster_client_new(&client, &sender->client, err);
	if (r < 0)
		return r;
	int code = pthread_create(&sender->thread, NULL, run, sender);
	if (code != 0)
		return err_set(err, code, "no thread could be made: %s", strerror(code));
	sender->has_thread = true;
	*ret_sender = TAKE(sender);
	return 0;
}

/* Puts an Event at the queue's end, where there is room. The caller holds the lock. */
static void put(struct event_sender *sender, const struct review_event *event)
{
	sender->queue[(sender->first + sender->count) % QUEUE_MAX] = *event;
	sender->count++;
	pthread_cond_signal(&sender->changed);
}

void event_sender_offer(struct event_sender *sender, const struct review_event *event)
{
	pthread_mutex_lock(&sender->mutex);
	/* One that finds no room is not remembered either: it may be given when it comes again. */
	enum event_news news = sender->count < QUEUE_MAX
				       ? event_memory_note(&sender->memory, event, monotonic_ms())
				       : EVENT_IS_TOO_MUCH;
	if (news == EVENT_IS_NEW)
		put(sender, event);
	else if (news == EVENT_IS_REPEATED)
		sender->report.repeated++;
	else
		sender->report.dropped++;
	pthread_mutex_unlock(&sender->mutex);
}

void event_sender_report(struct event_sender *sender, struct event_report *ret_report)
{
	pthread_mutex_lock(&sender->mutex);
	*ret_report = sender->report;
	pthread_mutex_unlock(&sender->mutex);
}

void event_sender_free(struct event_sender *sender)
{
	if (sender == NULL)
		return;
	if (sender->has_thread) {
		pthread_mutex_lock(&sender->mutex);
		sender->is_stopping = true;
		pthread_cond_signal(&sender->changed);
		pthread_mutex_unlock(&sender->mutex);
		kube_client_stop(sender->client);
		pthread_join(sender->thread, NULL);
	}
	kube_client_free(sender->client);
	pthread_cond_destroy(&sender->changed);
	pthread_mutex_destroy(&sender->mutex);
	free(sender);
}
