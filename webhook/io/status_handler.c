/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/status_handler.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void status_answer_health(void *context, const struct http_request *request,
			  struct http_reply *reply)
{
	(void)context;
	(void)request;
	http_reply_text(reply, 200, "ok");
}

/* The end of the certificate in force; 0 while there is none. */
static time_t not_after(struct certificate_slot *slot)
{
	struct certificate *certificate = certificate_slot_get(slot);
	time_t end = certificate != NULL ? certificate_not_after(certificate) : 0;

	certificate_unref(certificate);
	return end;
}

/* Writes why the program can not do its work, a sentence; "" when it can. */
static void find_obstacle(struct status_handler *handler, char ret_sentence[static ERR_MSG_SIZE])
{
	struct cluster_report report = {.not_ready = ""};
	struct profile_report profiles;
	struct namespace_report namespaces = {.not_ready = ""};
	const char *sentence = "";

	profile_slot_report(handler->profiles, &profiles);
	if (handler->cluster != NULL)
		cluster_sync_report(handler->cluster, &report);
	if (handler->namespaces != NULL)
		namespace_cache_report(handler->namespaces, &namespaces);
	if (atomic_load(&handler->is_ending))
		sentence = "the program is ending";
	else if (profiles.count == 0)
		sentence = profiles.trouble;
	else if (report.not_ready[0] != '\0')
		sentence = report.not_ready;
	else if (namespaces.not_ready[0] != '\0')
		sentence = namespaces.not_ready;
	else if (time(NULL) > not_after(handler->certificates))
		sentence = "the serving certificate is over";
	snprintf(ret_sentence, ERR_MSG_SIZE, "%s", sentence);
}

void status_answer_readiness(void *context, const struct http_request *request,
			     struct http_reply *reply)
{
	char obstacle[ERR_MSG_SIZE];

	(void)request;
	find_obstacle(context, obstacle);
	if (obstacle[0] != '\0')
		http_reply_text(reply, 503, obstacle);
	else
		http_reply_text(reply, 200, "ok");
}

void status_answer_metrics(void *context, const struct http_request *request,
			   struct http_reply *reply)
{
	struct status_handler *handler = context;
	struct profile_report profiles;
	struct cluster_report report = {.not_ready = ""};
	struct namespace_report namespaces = {.not_ready = ""};
	struct event_report events = {0};
	char obstacle[ERR_MSG_SIZE];
	struct err err;

	(void)request;
	if (handler->cluster != NULL)
		cluster_sync_report(handler->cluster, &report);
	profile_slot_report(handler->profiles, &profiles);
	if (handler->namespaces != NULL)
		namespace_cache_report(handler->namespaces, &namespaces);
	if (handler->events != NULL)
		event_sender_report(handler->events, &events);
	find_obstacle(handler, obstacle);
	struct metrics_state state = {
		.version = SIDEWIRE_VERSION,
		.profiles = &profiles,
		.is_ready = obstacle[0] == '\0',
		.requests_in_flight = http_server_in_flight(handler->reviews),
		.worker_restarts = handler->worker_restarts,
		.certificate_not_after = not_after(handler->certificates),
		.cluster = handler->cluster != NULL ? &report : NULL,
		.namespaces = handler->namespaces != NULL ? &namespaces : NULL,
		.events = handler->events != NULL ? &events : NULL,
	};
	if (metrics_format(handler->metrics, &state, &reply->body, &err) < 0) {
		http_reply_text(reply, 503, err.msg);
		return;
	}
	reply->status = 200;
	reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
	reply->body_length = strlen(reply->body);
}
