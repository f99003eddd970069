/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/status_handler.h"

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

void status_answer_readiness(void *context, const struct http_request *request,
			     struct http_reply *reply)
{
	struct status_handler *handler = context;
	struct cluster_report report = {.not_ready = ""};
	struct profile_report profiles;
	struct namespace_report namespaces = {.not_ready = ""};

	(void)request;
	profile_slot_report(handler->profiles, &profiles);
	if (handler->cluster != NULL)
		cluster_sync_report(handler->cluster, &report);
	if (handler->namespaces != NULL)
		namespace_cache_report(handler->namespaces, &namespaces);
	if (atomic_load(&handler->is_ending))
		http_reply_text(reply, 503, "the program is ending");
	else if (profiles.count == 0)
		http_reply_text(reply, 503, profiles.trouble);
	else if (report.not_ready[0] != '\0')
		http_reply_text(reply, 503, report.not_ready);
	else if (namespaces.not_ready[0] != '\0')
		http_reply_text(reply, 503, namespaces.not_ready);
	else if (time(NULL) > not_after(handler->certificates))
		http_reply_text(reply, 503, "the serving certificate is over");
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
	struct err err;

	(void)request;
	if (handler->cluster != NULL)
		cluster_sync_report(handler->cluster, &report);
	profile_slot_report(handler->profiles, &profiles);
	if (handler->namespaces != NULL)
		namespace_cache_report(handler->namespaces, &namespaces);
	if (handler->events != NULL)
		event_sender_report(handler->events, &events);
	struct metrics_state state = {
		.version = SIDEWIRE_VERSION,
		.profiles = &profiles,
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
