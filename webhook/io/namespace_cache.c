/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/namespace_cache.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/kube_client.h"
#include "common/io/log.h"
#include "common/io/monotonic.h"
#include "webhook/core/namespace_set.h"
#include "webhook/io/cluster_client.h"
#include "webhook/io/namespace_reads.h"

#define COLLECTION "/api/v1/namespaces"
#define ENDING "this replica of sidewire's webhook is ending"

enum { LOOK_MS = 1000 }; /* how often the health of the watch is looked at */

struct namespace_cache {
	struct kube_client *watch;
	struct kube_client *reader;
	int wake_fd; /* an eventfd; readable: somebody wants something */
	pthread_t thread;
	bool has_thread;
	bool is_troubled; /* the thread's own: trouble of the watch was logged */

	pthread_mutex_t mutex; /* guards all of the following */
	bool is_stopping;
	struct namespace_set set;
	long long heard_ms; /* when the watch was last heard of */
	struct namespace_reads reads;
	char trouble[ERR_MSG_SIZE]; /* of the watch; "": none */
	uint64_t read_count;
	uint64_t read_failures;
	uint64_t watch_failures;
};

static void log_message(enum log_level level, const char *msg, const char *detail)
{
	struct log_line line;

	log_begin(&line, level, msg);
	log_text(&line, "detail", detail);
	log_end(&line);
}

/* Puts all that there are in place of what was known, under the lock for no longer than that. */
static void take_list(struct namespace_cache *cache, json_t *items)
{
	CLEANUP(namespace_set_release) struct namespace_set set = {0};
	struct namespace_set before;

	namespace_set_list(&set, items);
	pthread_mutex_lock(&cache->mutex);
	before = cache->set;
	cache->set = set;
	pthread_mutex_unlock(&cache->mutex);
	set = before;
}

/* An event of the watch. */
static void on_namespace(void *context, enum kube_watch_event event, json_t *object)
{
	struct namespace_cache *cache = context;

	if (event == KUBE_WATCH_LISTED) {
		take_list(cache, object);
		return;
	}
	pthread_mutex_lock(&cache->mutex);
	if (event == KUBE_WATCH_DELETED)
		namespace_set_remove(&cache->set, object);
	else
		namespace_set_put(&cache->set, object);
	pthread_mutex_unlock(&cache->mutex);
}

/* Logs when trouble of the watch begins, and when it ends. */
static void tell(struct namespace_cache *cache, const char *trouble)
{
	bool is_troubled = *trouble != '\0';

	if (is_troubled == cache->is_troubled)
		return;
	cache->is_troubled = is_troubled;
	if (is_troubled)
		log_message(LOG_WARNING, "namespaces are not followed", trouble);
	else
		log_message(LOG_INFO, "namespaces are followed again", NULL);
}

static void note_health(struct namespace_cache *cache)
{
	const char *trouble = kube_client_trouble(cache->watch, 0)->msg;
	struct kube_health health;

	kube_client_health(cache->watch, &health);
	pthread_mutex_lock(&cache->mutex);
	cache->heard_ms = monotonic_ms() - health.silent_ms;
	cache->watch_failures = health.failures;
	snprintf(cache->trouble, sizeof(cache->trouble), "%s", trouble);
	pthread_mutex_unlock(&cache->mutex);
	tell(cache, trouble);
}

/* Says that the API server did not tell, and why. */
static int not_told(const char *name, const char *why, struct err *err)
{
	return err_set(err, EAGAIN,
		       "what namespace '%.64s' says to its pods can not be read now: %.300s", name,
		       why);
}

/* What the reply to the read of a namespace means. */
static int take_reply(const char *name, const struct kube_reply *reply, char **ret_text,
		      struct err *err)
{
	const char *message = json_string_value(json_object_get(reply->object, "message"));
	struct err failure;

	if (reply->status == 404)
		return err_set(err, ENOENT, "there is no namespace '%.64s'", name);
	if (reply->status != 200) {
		err_set(&failure, EIO, "HTTP status %ld%s%s", reply->status,
			message != NULL ? ", " : "", message != NULL ? message : "");
		return not_told(name, failure.msg, err);
	}
	int r = namespace_text_encode(reply->object, ret_text, err);
	if (r != -EINVAL)
		return r;
	failure = *err;
	return not_told(name, failure.msg, err);
}

/* Asks the API server for one namespace. Fails as namespace_cache_ask() does. */
static int read_namespace(struct namespace_cache *cache, const char *name, char **ret_text,
			  struct err *err)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	char path[sizeof(COLLECTION) + 1 + NAMESPACE_NAME_MAX];
	struct kube_request request = {.method = "GET", .path = path};
	struct err failure;

	snprintf(path, sizeof(path), COLLECTION "/%s", name);
	int r = kube_client_call(cache->reader, &request, &reply, &failure);
	if (r == -ECANCELED)
		return err_set(err, EAGAIN, ENDING);
	if (r < 0)
		return not_told(name, failure.msg, err);
	return take_reply(name, &reply, ret_text, err);
}

/* Notes what came of a read, and lets those go on who waited for it. Takes the text. */
static void finish(struct namespace_cache *cache, struct namespace_read *read, char *text,
		   const struct err *trouble)
{
	bool is_failure = text == NULL && trouble->code != -ENOENT && trouble->code != -E2BIG;

	pthread_mutex_lock(&cache->mutex);
	struct http_wait *waits = namespace_read_finish(read, text, trouble, monotonic_ms());
	cache->read_count++;
	cache->read_failures += is_failure ? 1 : 0;
	pthread_mutex_unlock(&cache->mutex);
	namespace_waits_end(waits);
}

/* The read that is next; NULL when there is none. Its name and begin stay until its end. */
static struct namespace_read *next_read(struct namespace_cache *cache)
{
	pthread_mutex_lock(&cache->mutex);
	struct namespace_read *read = namespace_reads_next(&cache->reads);
	pthread_mutex_unlock(&cache->mutex);
	return read;
}

/* Does the read that is next, unless whoever asked for it has waited too long by now. */
static void do_next_read(struct namespace_cache *cache)
{
	struct namespace_read *read = next_read(cache);
	struct err trouble = {0};
	char *text = NULL;

	if (read == NULL)
		return;
	if (monotonic_ms() - read->since_ms > NAMESPACE_QUEUE_MS)
		not_told(read->name, "reads of others took too long", &trouble);
	else
		read_namespace(cache, read->name, &text, &trouble);
	finish(cache, read, text, &trouble);
}

/* Sleeps until the watch tells something or somebody wants something. */
static void wait_for_work(struct namespace_cache *cache)
{
	struct pollfd wake = {.fd = cache->wake_fd, .events = POLLIN};
	int timeout_ms = next_read(cache) != NULL ? 0 : LOOK_MS;
	eventfd_t count;
	struct err err;
	int r = kube_client_wait(cache->watch, &wake, 1, timeout_ms, &err);

	/* Without memory it fails: then time passes without it. */
	if (r < 0 && r != -ECANCELED)
		poll(&wake, 1, timeout_ms);
	if (wake.revents != 0)
		eventfd_read(cache->wake_fd, &count);
}

static bool is_stopping(struct namespace_cache *cache)
{
	pthread_mutex_lock(&cache->mutex);
	bool is = cache->is_stopping;
	pthread_mutex_unlock(&cache->mutex);
	return is;
}

static void *run(void *context)
{
	struct namespace_cache *cache = context;

	while (!is_stopping(cache)) {
		wait_for_work(cache);
		note_health(cache);
		do_next_read(cache);
	}
	return NULL;
}

static int make_clients(struct namespace_cache *cache, const char *service_account, struct err *err)
{
	const struct cluster_client_options watch = {.service_account = service_account};
	const struct cluster_client_options reader = {.service_account = service_account,
						      .timeout_ms = NAMESPACE_ATTEMPT_MS,
						      .call_ms = NAMESPACE_CALL_MS};
	const struct kube_watch_request request = {.collection = COLLECTION,
						   .handler = on_namespace,
						   .context = cache,
						   .keep = namespace_set_keep};
	int r = cluster_client_new(&watch, &cache->watch, err);

	if (r == 0)
		r = cluster_client_new(&reader, &cache->reader, err);
	return r == 0 ? kube_client_watch(cache->watch, &request, err) : r;
}

static void cache_freep(struct namespace_cache **cache)
{
	namespace_cache_free(*cache);
}

int namespace_cache_start(const char *service_account, struct namespace_cache **ret_cache,
			  struct err *err)
{
	CLEANUP(cache_freep) struct namespace_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return err_set(err, ENOMEM, "out of memory");
	pthread_mutex_init(&cache->mutex, NULL);
	cache->heard_ms = monotonic_ms();
	cache->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cache->wake_fd < 0)
		return err_set(err, errno, "no eventfd could be made: %s", strerror(errno));
	int r = make_clients(cache, service_account, err);
	if (r < 0)
		return r;
	int code = pthread_create(&cache->thread, NULL, run, cache);
	if (code != 0)
		return err_set(err, code, "no thread could be made: %s", strerror(code));
	cache->has_thread = true;
	*ret_cache = TAKE(cache);
	return 0;
}

void namespace_cache_stop(struct namespace_cache *cache)
{
	struct namespace_read *read;
	struct err trouble = {0};

	pthread_mutex_lock(&cache->mutex);
	cache->is_stopping = true;
	pthread_mutex_unlock(&cache->mutex);
	if (cache->has_thread) {
		kube_client_stop(cache->watch);
		kube_client_stop(cache->reader);
		pthread_join(cache->thread, NULL);
	}
	cache->has_thread = false;
	err_set(&trouble, EAGAIN, ENDING);
	while ((read = next_read(cache)) != NULL)
		finish(cache, read, NULL, &trouble);
}

void namespace_cache_free(struct namespace_cache *cache)
{
	if (cache == NULL)
		return;
	namespace_cache_stop(cache);
	kube_client_free(cache->watch);
	kube_client_free(cache->reader);
	if (cache->wake_fd >= 0)
		close(cache->wake_fd);
	namespace_set_release(&cache->set);
	namespace_reads_release(&cache->reads);
	pthread_mutex_destroy(&cache->mutex);
	free(cache);
}

/* Makes a request wait for the read of a namespace. The caller holds the lock. */
static int await_read(struct namespace_cache *cache, const char *name, struct http_wait *wait,
		      struct namespace_read *read, struct err *err)
{
	if (cache->is_stopping)
		return err_set(err, EAGAIN, ENDING);
	if (read == NULL) {
		int r = namespace_name_check(name, err);
		if (r < 0)
			return r;
		read = namespace_reads_add(&cache->reads, name, monotonic_ms());
		eventfd_write(cache->wake_fd, 1);
	}
	if (read == NULL)
		return not_told(name, "too many others are being read", err);
	namespace_read_await(read, wait);
	return err_set(err, EINPROGRESS, "namespace '%.64s' is being read", name);
}

/* A copy of what is known of a namespace, that the caller frees. The caller holds the lock. */
static int look_up(struct namespace_cache *cache, const char *name, struct http_wait *wait,
		   char **ret_text, struct err *err)
{
	long long now = monotonic_ms();
	struct namespace_read *read = namespace_reads_find(&cache->reads, name, now);
	const char *known = namespace_set_find(&cache->set, name, now - cache->heard_ms);
	bool is_read = read != NULL && read->is_done;

	if (known == NULL && is_read && read->text == NULL)
		return err_set(err, -read->trouble.code, "%s", read->trouble.msg);
	if (known == NULL && is_read)
		known = read->text;
	if (known == NULL)
		return await_read(cache, name, wait, read, err);
	*ret_text = strdup(known);
	return *ret_text != NULL ? 0 : err_set(err, ENOMEM, "out of memory");
}

int namespace_cache_ask(struct namespace_cache *cache, const char *name, struct http_wait *wait,
			json_t **ret_annotations, struct err *err)
{
	CLEANUP(freep) char *text = NULL;

	pthread_mutex_lock(&cache->mutex);
	int r = look_up(cache, name, wait, &text, err);
	pthread_mutex_unlock(&cache->mutex);
	return r == 0 ? namespace_text_decode(text, ret_annotations, err) : r;
}

void namespace_cache_report(struct namespace_cache *cache, struct namespace_report *ret_report)
{
	struct namespace_report report = {0};

	pthread_mutex_lock(&cache->mutex);
	report.count = cache->set.texts.count;
	report.age_ms = monotonic_ms() - cache->heard_ms;
	report.reads = cache->read_count;
	report.api_failures = cache->read_failures + cache->watch_failures;
	if (!cache->set.is_listed)
		snprintf(report.not_ready, sizeof(report.not_ready),
			 "the namespaces were not read yet%s%.400s",
			 cache->trouble[0] != '\0' ? "; " : "", cache->trouble);
	pthread_mutex_unlock(&cache->mutex);
	*ret_report = report;
}
