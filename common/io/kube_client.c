/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/io/kube_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/cleanup.h"
#include "common/base/json_text.h"
#include "common/base/kube_retry.h"
#include "common/io/kube_transfer.h"
#include "common/io/kube_watch.h"
#include "common/io/monotonic.h"

struct kube_client {
	char *server, *ca_file, *token_file, *user_agent; /* owned */
	struct kube_client_options options;               /* points to them */
	CURLM *multi;
	bool has_curl; /* curl_global_init() succeeded */
	struct kube_watch watches[KUBE_WATCHES_MAX];
	size_t watch_count;
	unsigned long failures;
	struct err last_failure;
	atomic_bool is_stopped;
};

/* For jitter only. */
static uint32_t random_u32(void)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) < 0)
		return (uint32_t)monotonic_ms();
	return value;
}

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

static int check_server(const char *server, struct err *err)
{
	static const char SCHEME[] = "https://";
	size_t length = sizeof(SCHEME) - 1;

	if (strncmp(server, SCHEME, length) != 0 || server[length] == '\0' ||
	    strpbrk(server + length, "/?#@ ") != NULL)
		return err_set(err, EINVAL, "'%s' is not https://HOST:PORT", server);
	return 0;
}

static int copy_options(const struct kube_client_options *options, struct kube_client *client,
			struct err *err)
{
	client->server = strdup(options->server);
	client->ca_file = strdup(options->ca_file);
	client->token_file = strdup(options->token_file);
	client->user_agent = strdup(options->user_agent);
	if (client->server == NULL || client->ca_file == NULL || client->token_file == NULL ||
	    client->user_agent == NULL)
		return out_of_memory(err);
	client->options = (struct kube_client_options){
		.server = client->server,
		.ca_file = client->ca_file,
		.token_file = client->token_file,
		.user_agent = client->user_agent,
		.timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : KUBE_TIMEOUT_MS,
		.call_ms = options->call_ms != 0 ? options->call_ms : KUBE_CALL_MS_MAX,
		.stall_ms = options->stall_ms != 0 ? options->stall_ms : KUBE_WATCH_STALL_MS,
	};
	return 0;
}

int kube_client_new(const struct kube_client_options *options, struct kube_client **ret_client,
		    struct err *err)
{
	CLEANUP(kube_client_freep) struct kube_client *client = NULL;
	int r = check_server(options->server, err);

	if (r < 0)
		return r;
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return out_of_memory(err);
	r = copy_options(options, client, err);
	if (r < 0)
		return r;
	client->has_curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	client->multi = client->has_curl ? curl_multi_init() : NULL;
	if (client->multi == NULL)
		return out_of_memory(err);
	*ret_client = TAKE(client);
	return 0;
}

void kube_client_free(struct kube_client *client)
{
	if (client == NULL)
		return;
	for (size_t i = 0; i < client->watch_count; i++)
		kube_watch_release(&client->watches[i]);
	curl_multi_cleanup(client->multi);
	if (client->has_curl)
		curl_global_cleanup();
	free(client->server);
	free(client->ca_file);
	free(client->token_file);
	free(client->user_agent);
	free(client);
}

void kube_client_freep(struct kube_client **client)
{
	int saved = errno;

	kube_client_free(TAKE(*client));
	errno = saved;
}

void kube_client_stop(struct kube_client *client)
{
	atomic_store(&client->is_stopped, true);
	/* Also for a poll that is only about to begin. */
	curl_multi_wakeup(client->multi);
}

void kube_reply_release(struct kube_reply *reply)
{
	json_decref(reply->object);
	reply->object = NULL;
}

static int check_multi(CURLMcode code, struct err *err)
{
	if (code == CURLM_OK)
		return 0;
	return err_set(err, code == CURLM_OUT_OF_MEMORY ? ENOMEM : EIO, "libcurl: %s",
		       curl_multi_strerror(code));
}

static int check_stopped(const struct kube_client *client, struct err *err)
{
	return atomic_load(&client->is_stopped) ? err_set(err, ECANCELED, "the client was stopped")
						: 0;
}

/* Does what there is to do now, and waits for nothing. */
static int advance(struct kube_client *client, struct err *err)
{
	int running;
	int r = check_stopped(client, err);

	if (r == 0)
		r = check_multi(curl_multi_perform(client->multi, &running), err);
	if (r < 0)
		return r;
	kube_transfer_reap(client->multi);
	for (size_t i = 0; i < client->watch_count; i++) {
		struct kube_watch *watch = &client->watches[i];

		if (kube_watch_advance(watch, client->multi, &client->options, monotonic_ms(),
				       random_u32(), &client->last_failure) == 0)
			continue;
		client->failures++;
		watch->trouble = client->last_failure;
	}
	return 0;
}

/*
 * Sleeps until there is something to do for a transfer, a watch or, if any are given, with another
 * descriptor, or until end_ms.
 */
static int doze(struct kube_client *client, const struct pollfd *others, size_t count,
		long long end_ms, struct err *err)
{
	struct curl_waitfd extra[KUBE_WAIT_OTHERS_MAX];
	long long left_ms;

	for (size_t i = 0; i < client->watch_count; i++) {
		long long due_ms = kube_watch_due_ms(&client->watches[i], &client->options);
		if (due_ms < end_ms)
			end_ms = due_ms;
	}
	for (size_t i = 0; i < count; i++) {
		/* The three events that libcurl knows have values of their own. */
		extra[i] = (struct curl_waitfd){.fd = others[i].fd};
		extra[i].events |= others[i].events & POLLIN ? CURL_WAIT_POLLIN : 0;
		extra[i].events |= others[i].events & POLLPRI ? CURL_WAIT_POLLPRI : 0;
		extra[i].events |= others[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0;
	}
	left_ms = end_ms - monotonic_ms();
	if (left_ms <= 0)
		return 0;
	return check_multi(curl_multi_poll(client->multi, extra, (unsigned int)count,
					   left_ms < INT_MAX ? (int)left_ms : INT_MAX, NULL),
			   err);
}

/* Drives everything until the transfer is done (NULL: none) or until end_ms. */
static int drive(struct kube_client *client, const struct kube_transfer *transfer, long long end_ms,
		 struct err *err)
{
	for (;;) {
		int r = advance(client, err);
		if (r < 0)
			return r;
		if (transfer != NULL && kube_transfer_is_done(transfer))
			return 0;
		if (monotonic_ms() >= end_ms)
			return 0;
		r = doze(client, NULL, 0, end_ms, err);
		if (r < 0)
			return r;
	}
}

/* One attempt of a call, within its own time and what is left of the call's. */
static int attempt(struct kube_client *client, struct kube_transfer_request *request,
		   long long left_ms, struct kube_reply *ret_reply,
		   unsigned long *ret_retry_after_s, struct err *err)
{
	CLEANUP(kube_transfer_freep) struct kube_transfer *transfer = NULL;

	request->timeout_ms = client->options.timeout_ms;
	if (left_ms < request->timeout_ms)
		request->timeout_ms = left_ms > 0 ? (unsigned int)left_ms : 1;
	int r = kube_transfer_start(client->multi, &client->options, request, &transfer, err);
	if (r == 0)
		r = drive(client, transfer, LLONG_MAX, err);
	if (r == 0)
		r = kube_transfer_finish(transfer, ret_reply, err);
	if (r == 0)
		*ret_retry_after_s = kube_transfer_retry_after_s(transfer);
	return r;
}

/* Attempts until one is final, or the next one would come too late. `reply` is the last one's. */
static int call(struct kube_client *client, struct kube_transfer_request *request,
		struct kube_reply *reply, struct err *err)
{
	long long end_ms = monotonic_ms() + client->options.call_ms;
	int r = check_stopped(client, err);

	if (r < 0)
		return r;
	for (unsigned int attempts = 1;; attempts++) {
		unsigned long retry_after_s = 0;
		r = attempt(client, request, end_ms - monotonic_ms(), reply, &retry_after_s, err);
		bool is_final = r == 0 ? !kube_is_retried(reply->status) : r != -EIO;
		long long next_ms =
			monotonic_ms() + kube_pause_ms(attempts, random_u32(), retry_after_s);

		if (is_final || next_ms >= end_ms)
			return r;
		kube_reply_release(reply);
		r = drive(client, NULL, next_ms, err);
		if (r < 0)
			return r;
	}
}

int kube_client_call(struct kube_client *client, const struct kube_request *request,
		     struct kube_reply *ret_reply, struct err *err)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	CLEANUP(freep) char *body = NULL;
	const char *type = request->content_type;
	struct err failure; /* of any attempt, also of those that a better one follows */

	if (request->body != NULL) {
		body = json_text(request->body, JSON_COMPACT | JSON_ENCODE_ANY);
		if (body == NULL)
			return out_of_memory(err);
	}
	struct kube_transfer_request transfer_request = {
		.method = request->method,
		.path = request->path,
		.content_type = type != NULL ? type : "application/json",
		.body = body,
	};
	if (call(client, &transfer_request, &reply, &failure) < 0) {
		*err = failure;
		return err_wrap(err, "%s %s", request->method, request->path);
	}
	ret_reply->status = reply.status;
	ret_reply->object = TAKE(reply.object);
	return 0;
}

int kube_client_watch(struct kube_client *client, const struct kube_watch_request *request,
		      struct err *err)
{
	if (client->watch_count == KUBE_WATCHES_MAX)
		return err_set(err, ENOSPC, "a client has %d watches at most", KUBE_WATCHES_MAX);
	int r = kube_watch_init(&client->watches[client->watch_count], request, monotonic_ms(),
				err);
	if (r == 0)
		client->watch_count++;
	return r;
}

/* Whether a handler got an event since the last time somebody asked. */
static bool take_news(struct kube_client *client)
{
	bool has_news = false;

	for (size_t i = 0; i < client->watch_count; i++) {
		has_news |= client->watches[i].has_news;
		client->watches[i].has_news = false;
	}
	return has_news;
}

/* libcurl wakes up for others, but does not tell of a hangup. How many of them are ready. */
static int look_at(struct pollfd *others, size_t count, struct err *err)
{
	int ready;

	do {
		ready = poll(others, count, 0);
	} while (ready < 0 && errno == EINTR);
	return ready >= 0 ? ready : err_set(err, EIO, "poll: %s", strerror(errno));
}

int kube_client_wait(struct kube_client *client, struct pollfd *others, size_t count,
		     int timeout_ms, struct err *err)
{
	long long end_ms = timeout_ms < 0 ? LLONG_MAX : monotonic_ms() + timeout_ms;

	if (count > KUBE_WAIT_OTHERS_MAX)
		return err_set(err, EINVAL, "%zu descriptors are more than %d", count,
			       KUBE_WAIT_OTHERS_MAX);
	for (;;) {
		int r = advance(client, err);
		if (r < 0)
			return r;
		int ready = look_at(others, count, err);
		if (ready < 0)
			return ready;
		if (take_news(client) || ready > 0 || monotonic_ms() >= end_ms)
			return 0;
		r = doze(client, others, count, end_ms, err);
		if (r < 0)
			return r;
	}
}

const struct err *kube_client_trouble(const struct kube_client *client, size_t watch)
{
	return &client->watches[watch].trouble;
}

void kube_client_health(const struct kube_client *client, struct kube_health *ret_health)
{
	struct kube_health health = {.failures = client->failures,
				     .last_failure = client->last_failure.msg};

	for (size_t i = 0; i < client->watch_count; i++) {
		long long silent_ms = monotonic_ms() - client->watches[i].heard_ms;
		if (silent_ms > health.silent_ms)
			health.silent_ms = silent_ms;
	}
	*ret_health = health;
}
