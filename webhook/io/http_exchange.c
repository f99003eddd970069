/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/http_exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/strbuf.h"
#include "common/io/monotonic.h"

struct http_exchange {
	const struct http_service *service;
	const struct http_route *route; /* NULL: none has the path */
	char *path;                     /* owned */
	unsigned int refusal;           /* HTTP status that is certain already; 0: none */
	bool is_hopeless;
	size_t received; /* bytes of the body, dropped ones included */
	struct strbuf body;
	size_t held;    /* bytes of the body that are counted in the service's body_bytes */
	time_t begun_s; /* CLOCK_MONOTONIC */
	struct http_wait wait;
};

static time_t now_s(void)
{
	return monotonic_ms() / 1000;
}

static const struct http_route *find_route(const struct http_service *service, const char *path)
{
	const struct http_route *route = service->routes;

	while (route->path != NULL && strcmp(route->path, path) != 0)
		route++;
	return route->path != NULL ? route : NULL;
}

static bool is_method_right(const struct http_route *route, const char *method)
{
	if (route->is_review)
		return strcmp(method, "POST") == 0;
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* Whether the media type is application/json, with whatever parameters (RFC 9110, 8.3.1). */
static bool is_json(const char *content_type)
{
	static const char TYPE[] = "application/json";

	return content_type != NULL && strncasecmp(content_type, TYPE, sizeof(TYPE) - 1) == 0 &&
	       strchr("; \t", content_type[sizeof(TYPE) - 1]) != NULL;
}

void http_wait_begin(struct http_wait *wait)
{
	wait->suspend(wait->connection);
}

void http_wait_end(struct http_wait *wait)
{
	wait->resume(wait->connection);
}

/* The status that the head alone decides; 0: none. */
static unsigned int refuse(const struct http_exchange *exchange, const struct http_head *head)
{
	const char *length = head->content_length;

	/* The server has checked that it is a number; one that is too large counts as the largest.
	 */
	if (length != NULL && strtoull(length, NULL, 10) > exchange->service->body_max)
		return 413;
	if (exchange->route == NULL)
		return 404;
	if (!is_method_right(exchange->route, head->method))
		return 405;
	if (exchange->route->is_review && !is_json(head->content_type))
		return 415;
	return 0;
}

int http_exchange_new(const struct http_service *service, const struct http_head *head,
		      struct http_exchange **ret_exchange, struct err *err)
{
	struct http_exchange *exchange = calloc(1, sizeof(*exchange));
	char *path = strdup(head->path);

	if (exchange == NULL || path == NULL) {
		free(exchange);
		free(path);
		return err_set(err, ENOMEM, "out of memory");
	}
	exchange->service = service;
	exchange->path = path;
	exchange->begun_s = now_s();
	exchange->wait.connection = head->connection;
	exchange->wait.suspend = service->suspend;
	exchange->wait.resume = service->resume;
	exchange->route = find_route(service, path);
	exchange->refusal = refuse(exchange, head);
	exchange->is_hopeless = exchange->refusal == 413;
	*ret_exchange = exchange;
	return 0;
}

/* Counts bytes in, unless that makes too many. */
static bool hold(struct http_exchange *exchange, size_t length)
{
	atomic_size_t *bytes = exchange->service->body_bytes;
	size_t max = exchange->held + length > HTTP_BODY_SMALL ? HTTP_LARGE_BYTES_MAX
							       : HTTP_BODY_BYTES_MAX;

	if (atomic_fetch_add(bytes, length) + length > max) {
		atomic_fetch_sub(bytes, length);
		return false;
	}
	exchange->held += length;
	return true;
}

static void drop_body(struct http_exchange *exchange)
{
	strbuf_release(&exchange->body);
	if (exchange->held > 0)
		atomic_fetch_sub(exchange->service->body_bytes, exchange->held);
	exchange->held = 0;
}

void http_exchange_free(struct http_exchange *exchange)
{
	if (exchange == NULL)
		return;
	drop_body(exchange);
	free(exchange->path);
	free(exchange);
}

bool http_exchange_is_hopeless(const struct http_exchange *exchange)
{
	return exchange->is_hopeless;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
	return exchange->path;
}

bool http_exchange_receive(struct http_exchange *exchange, const char *part, size_t length)
{
	size_t max = exchange->service->body_max;

	if (length > 2 * max - exchange->received ||
	    now_s() - exchange->begun_s > HTTP_REQUEST_SECONDS_MAX)
		return false;
	exchange->received += length;
	if (exchange->received > max && exchange->refusal == 0)
		exchange->refusal = 413;
	if (exchange->refusal == 0 && !hold(exchange, length))
		exchange->refusal = 503;
	if (exchange->refusal == 0)
		strbuf_append(&exchange->body, part, length);
	else
		drop_body(exchange);
	return true;
}

void http_reply_text(struct http_reply *reply, unsigned int status, const char *sentence)
{
	char *body = NULL;
	int length = asprintf(&body, "%s\n", sentence);

	*reply = (struct http_reply){.status = 503, .content_type = "text/plain; charset=utf-8"};
	if (length < 0)
		return;
	reply->status = status;
	reply->body = body;
	reply->body_length = (size_t)length;
}

static void reply_refusal(const struct http_exchange *exchange, struct http_reply *reply)
{
	bool is_review = exchange->route != NULL && exchange->route->is_review;
	char sentence[96];

	switch (exchange->refusal) {
	case 404:
		http_reply_text(reply, 404, "there is nothing under this path");
		break;
	case 405:
		http_reply_text(reply, 405,
				is_review ? "only POST is answered here"
					  : "only GET is answered here");
		reply->allow = is_review ? "POST" : "GET, HEAD";
		break;
	case 413:
		snprintf(sentence, sizeof(sentence), "the body has more than %zu bytes",
			 exchange->service->body_max);
		http_reply_text(reply, 413, sentence);
		break;
	case 503:
		http_reply_text(reply, 503, "too many bodies at once, ask again");
		break;
	default:
		http_reply_text(reply, 415, "the content type must be application/json");
	}
}

void http_exchange_answer(struct http_exchange *exchange, struct http_reply *ret_reply)
{
	struct http_request request = {
		.path = exchange->path,
		.body = exchange->body.data != NULL ? exchange->body.data : "",
		.body_length = exchange->body.length,
		.wait = &exchange->wait,
	};
	struct http_reply reply = {0};

	if (exchange->refusal != 0)
		reply_refusal(exchange, &reply);
	else if (exchange->body.is_failed)
		http_reply_text(&reply, 503, "out of memory");
	else
		exchange->route->answer(exchange->service->context, &request, &reply);
	/* Nobody needs it while the client reads the reply, or does not. */
	if (reply.status != 0)
		drop_body(exchange);
	*ret_reply = reply;
}
