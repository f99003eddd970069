/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sidewire-webhook: answers admission reviews with what is to be added to a pod. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/listen_socket.h"
#include "common/io/log.h"
#include "common/io/monotonic.h"
#include "webhook/core/admission_review.h"
#include "webhook/io/admission_handler.h"
#include "webhook/io/certificate.h"
#include "webhook/io/certificate_issue.h"
#include "webhook/io/cluster_sync.h"
#include "webhook/io/event_sender.h"
#include "webhook/io/flat_memory.h"
#include "webhook/io/http_server.h"
#include "webhook/io/metrics.h"
#include "webhook/io/profile_reload.h"
#include "webhook/io/profile_slot.h"
#include "webhook/io/namespace_cache.h"
#include "webhook/io/profile_store.h"
#include "webhook/io/status_handler.h"
#include "webhook/io/supervisor.h"
#include "webhook/io/webhook_options.h"

enum {
	THREADS_MAX = 4,
	FILES_MIN = 4096, /* open ones: each connection is one, and http_server.c allows many */
	TIDY_PERIOD_SECONDS = 5,
	/* How often it is asked whether there is a certificate, while there is none. */
	CERTIFICATE_POLL_MS = 20,
	/* While ending, how often requests in flight are counted, and how long there must be none:
	 * handshakes under way and requests on the wire are not counted yet, and get this time. */
	DRAIN_POLL_MS = 10,
	DRAIN_QUIET_MS = 250,
	/* Of the certificates that are made at start, outside a cluster; nothing renews them. */
	MADE_VALIDITY_SECONDS = 30 * 24 * 3600,
};

/* What the first process makes, and workers inherit. The descriptors end with the process. */
struct inheritance {
	int reviews_fd;
	int plain_fd;
	uint16_t reviews_port_host;
	uint16_t plain_port_host;
	struct certificate *certificate; /* NULL: it comes from files, or from the cluster */
};

/* All that a worker holds while it serves. */
struct webhook {
	struct profile_slot profiles;
	bool has_profiles; /* the slot was initialized */
	struct profile_reload reload;
	struct metrics *metrics;
	struct certificate_slot certificates;
	bool has_certificates; /* the slot was initialized */
	struct admission_handler admission;
	struct status_handler status;
	struct http_server *reviews;
	struct cluster_sync *cluster;       /* NULL outside a cluster */
	struct namespace_cache *namespaces; /* the same */
	struct event_sender *events;        /* the same */
	struct http_server *plain;
};

static const struct http_route REVIEW_ROUTES[] = {
	{"/mutate/enabled", true, admission_answer_enabled},
	{"/mutate/asked", true, admission_answer_asked},
	{NULL, false, NULL},
};

static const struct http_route PLAIN_ROUTES[] = {
	{"/healthz", false, status_answer_health},
	{"/readyz", false, status_answer_readiness},
	{"/metrics", false, status_answer_metrics},
	{NULL, false, NULL},
};

static void inheritance_release(struct inheritance *inheritance)
{
	certificate_unref(inheritance->certificate);
}

static void webhook_release(struct webhook *webhook)
{
	http_server_free(webhook->plain);
	/* No request may wait for it when the server ends. */
	if (webhook->namespaces != NULL)
		namespace_cache_stop(webhook->namespaces);
	http_server_free(webhook->reviews);
	event_sender_free(webhook->events);
	namespace_cache_free(webhook->namespaces);
	cluster_sync_free(webhook->cluster);
	if (webhook->has_certificates)
		certificate_slot_release(&webhook->certificates);
	metrics_free(webhook->metrics);
	if (webhook->has_profiles)
		profile_slot_release(&webhook->profiles);
}

static void log_message(enum log_level level, const char *msg, const char *detail)
{
	struct log_line line;

	log_begin(&line, level, msg);
	log_text(&line, "detail", detail);
	log_end(&line);
}

/* Writes the authority's certificate where clients get it from: a file, or stdout. */
static int publish_authority(const char *path, const char *pem, struct err *err)
{
	const char *where = path != NULL ? path : "standard output";
	size_t length = strlen(pem);
	int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
			      : STDOUT_FILENO;

	if (fd < 0)
		return err_set(err, errno, "%s: cannot be opened: %s", where, strerror(errno));
	ssize_t written = write(fd, pem, length);
	int saved = errno;
	if (path != NULL)
		close(fd);
	if (written < 0)
		return err_set(err, saved, "%s: cannot be written: %s", where, strerror(saved));
	if ((size_t)written < length)
		return err_set(err, EIO, "%s: was not written whole", where);
	return 0;
}

/* A certificate by an authority that is made for it, and published. */
static int make_certificate(const struct webhook_options *options,
			    struct certificate **ret_certificate, struct err *err)
{
	CLEANUP(issued_certificate_release) struct issued_certificate authority = {0};
	CLEANUP(issued_certificate_release) struct issued_certificate leaf = {0};
	const struct issue_request request = {options->tls_names, options->tls_name_count,
					      MADE_VALIDITY_SECONDS};

	int r = issue_authority(MADE_VALIDITY_SECONDS, &authority, err);
	if (r == 0)
		r = issue_leaf(&authority, &request, &leaf, err);
	if (r == 0)
		r = publish_authority(options->ca_out, authority.certificate, err);
	if (r == 0)
		r = certificate_from_pem(leaf.certificate, strlen(leaf.certificate), leaf.key,
					 strlen(leaf.key), ret_certificate, err);
	return r;
}

/* What the first process does. A certificate that is made here is that of all workers. */
static int prepare(const struct webhook_options *options, struct inheritance *inheritance,
		   struct err *err)
{
	int r = listen_socket_open(options->listen, &inheritance->reviews_fd,
				   &inheritance->reviews_port_host, err);

	if (r == 0)
		r = listen_socket_open(options->plain_listen, &inheritance->plain_fd,
				       &inheritance->plain_port_host, err);
	if (r == 0 && options->tls_cert == NULL && !options->is_in_cluster)
		r = make_certificate(options, &inheritance->certificate, err);
	return r;
}

/* Loads the profiles. In a cluster bad ones keep the program from being ready, not from starting:
 * they may be mended while it waits. */
static int load_profiles(struct webhook *webhook, const struct webhook_options *options,
			 struct err *err)
{
	struct err failure;
	int r = profile_slot_init(&webhook->profiles, err);

	if (r < 0)
		return r;
	webhook->has_profiles = true;
	webhook->reload = (struct profile_reload){.directory = options->profiles,
						  .default_profiles = options->default_profiles,
						  .slot = &webhook->profiles};
	r = profile_reload_load(&webhook->reload, &failure);
	if (r == 0 || options->is_in_cluster)
		return 0;
	*err = failure;
	return r;
}

static int load(struct webhook *webhook, const struct webhook_options *options,
		struct inheritance *inheritance, struct err *err)
{
	int r = load_profiles(webhook, options, err);

	if (r == 0)
		r = metrics_new(&webhook->metrics, err);
	if (r == 0 && options->tls_cert != NULL)
		r = certificate_load(options->tls_cert, options->tls_key, &inheritance->certificate,
				     err);
	if (r < 0)
		return r;
	certificate_slot_init(&webhook->certificates, TAKE(inheritance->certificate));
	webhook->has_certificates = true;
	return 0;
}

/* Many systems allow a process 1,024 files unless it asks for more. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_MIN)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_MIN ? limit.rlim_max : FILES_MIN;
	/* Where that fails there is room for fewer connections. */
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* One thread for each processor that we may run on, up to THREADS_MAX. */
static unsigned int thread_count(void)
{
	cpu_set_t processors;

	if (sched_getaffinity(0, sizeof(processors), &processors) != 0)
		return 1;
	int count = CPU_COUNT(&processors);
	return (unsigned int)(count < THREADS_MAX ? count : THREADS_MAX);
}

/* All but its start, which wants a certificate. */
static int make_reviews(struct webhook *webhook, const struct webhook_options *options,
			const struct inheritance *inheritance, struct err *err)
{
	webhook->admission = (struct admission_handler){
		.profiles = &webhook->profiles,
		.default_profiles = options->default_profiles,
		.gate_image = options->gate_image,
		.image_volumes = options->image_volumes,
		.own_namespace = options->own_namespace,
		.namespaces = webhook->namespaces,
		.events = webhook->events,
		.metrics = webhook->metrics,
	};
	struct http_server_options server = {
		.certificates = &webhook->certificates,
		.metrics = webhook->metrics,
		.service = {.routes = REVIEW_ROUTES,
			    .context = &webhook->admission,
			    .body_max = ADMISSION_REVIEW_SIZE_MAX},
		.threads = thread_count(),
	};
	return http_server_new(&server, inheritance->reviews_fd, &webhook->reviews, err);
}

static int start_cluster(struct webhook *webhook, const struct webhook_options *options,
			 struct err *err)
{
	const struct cluster_sync_options cluster = {
		.service_account = options->service_account,
		.namespace_name = options->own_namespace,
		.pod_name = options->pod_name,
		.certificates = &webhook->certificates,
		.gate_image = &webhook->admission.gate_image,
		.image_volumes = &webhook->admission.image_volumes,
	};

	return options->is_in_cluster ? cluster_sync_start(&cluster, &webhook->cluster, err) : 0;
}

static int start_namespaces(struct webhook *webhook, const struct webhook_options *options,
			    struct err *err)
{
	return options->is_in_cluster
		       ? namespace_cache_start(options->service_account, &webhook->namespaces, err)
		       : 0;
}

static int start_events(struct webhook *webhook, const struct webhook_options *options,
			struct err *err)
{
	return options->is_in_cluster ? event_sender_start(options->service_account,
							   options->pod_name, &webhook->events, err)
				      : 0;
}

static int start_plain(struct webhook *webhook, const struct inheritance *inheritance,
		       struct err *err)
{
	webhook->status.profiles = &webhook->profiles;
	webhook->status.certificates = &webhook->certificates;
	webhook->status.metrics = webhook->metrics;
	webhook->status.reviews = webhook->reviews;
	webhook->status.cluster = webhook->cluster;
	webhook->status.namespaces = webhook->namespaces;
	webhook->status.events = webhook->events;
	struct http_server_options server = {
		.service = {.routes = PLAIN_ROUTES, .context = &webhook->status, .body_max = 0},
		.threads = 1,
	};
	int r = http_server_new(&server, inheritance->plain_fd, &webhook->plain, err);
	return r == 0 ? http_server_start(webhook->plain, err) : r;
}

static int log_listening(struct webhook *webhook, const struct webhook_options *options,
			 const struct inheritance *inheritance, struct err *err)
{
	CLEANUP(profile_snapshot_unrefp)
	struct profile_snapshot *profiles = profile_slot_get(&webhook->profiles);
	CLEANUP(freep) char *names = NULL;
	struct log_line line;
	int r = profile_store_names(profile_snapshot_set(profiles), &names, err);

	if (r < 0)
		return r;
	log_begin(&line, LOG_INFO, "listening");
	log_text(&line, "version", SIDEWIRE_VERSION);
	log_text(&line, "address", options->listen);
	log_number(&line, "port", inheritance->reviews_port_host);
	log_text(&line, "plain_address", options->plain_listen);
	log_number(&line, "plain_port", inheritance->plain_port_host);
	log_text(&line, "profiles", names);
	log_text(&line, "default_profiles", options->default_profiles);
	log_end(&line);
	return 0;
}

static int start(struct webhook *webhook, const struct webhook_options *options,
		 struct inheritance *inheritance, struct err *err)
{
	int r = load(webhook, options, inheritance, err);

	if (r == 0)
		r = start_namespaces(webhook, options, err);
	if (r == 0)
		r = start_events(webhook, options, err);
	if (r == 0)
		r = make_reviews(webhook, options, inheritance, err);
	if (r == 0)
		r = start_cluster(webhook, options, err);
	if (r == 0)
		r = start_plain(webhook, inheritance, err);
	if (r == 0)
		r = log_listening(webhook, options, inheritance, err);
	/* Once more, to say why. */
	if (r == 0 && webhook->reload.is_failed)
		profile_reload_now(&webhook->reload);
	/* What reading the profiles took. */
	flat_memory_give_back();
	return r;
}

static void reload_certificate(struct webhook *webhook, const struct webhook_options *options)
{
	struct certificate *certificate;
	struct err err;

	if (certificate_load(options->tls_cert, options->tls_key, &certificate, &err) < 0) {
		log_message(LOG_ERROR, "certificate not reloaded, the one before serves on",
			    err.msg);
		return;
	}
	certificate_slot_replace(&webhook->certificates, certificate);
	log_message(LOG_INFO, "certificate reloaded", options->tls_cert);
}

/* SIGHUP: files may have changed. */
static void reload(struct webhook *webhook, const struct webhook_options *options)
{
	if (options->tls_cert != NULL)
		reload_certificate(webhook, options);
	profile_reload_now(&webhook->reload);
	flat_memory_give_back();
}

/* Waits until no request is in flight for a while, the grace period is over, or a second signal
 * comes. */
static void drain(struct webhook *webhook, const struct webhook_options *options,
		  const sigset_t *ending)
{
	const struct timespec poll = {.tv_nsec = DRAIN_POLL_MS * 1000000L};
	int64_t now_ms = monotonic_ms();
	int64_t deadline_ms = now_ms + (int64_t)options->grace_seconds * 1000;
	int64_t quiet_since_ms = now_ms;

	while (now_ms < deadline_ms && now_ms - quiet_since_ms < DRAIN_QUIET_MS &&
	       sigtimedwait(ending, NULL, &poll) < 0) {
		now_ms = monotonic_ms();
		if (http_server_in_flight(webhook->reviews) > 0)
			quiet_since_ms = now_ms;
	}
}

static void end(struct webhook *webhook, const struct webhook_options *options,
		const sigset_t *ending)
{
	struct log_line line;

	log_message(LOG_INFO, "ending", "no longer ready; requests in flight are finished");
	atomic_store(&webhook->status.is_ending, true);
	if (webhook->cluster != NULL)
		cluster_sync_stop(webhook->cluster);
	http_server_drain(webhook->reviews);
	drain(webhook, options, ending);
	size_t left = http_server_in_flight(webhook->reviews);
	log_begin(&line, left == 0 ? LOG_INFO : LOG_WARNING, "ended");
	log_number(&line, "unfinished_requests", (long long)left);
	log_end(&line);
}

/* What is due every few seconds. */
static void tidy(struct webhook *webhook)
{
	http_server_sweep(webhook->reviews);
	http_server_sweep(webhook->plain);
	profile_reload_poll(&webhook->reload);
	flat_memory_give_back();
}

/* Waits until there is a certificate to serve. false when one of the signals came first. */
static bool await_certificate(struct webhook *webhook, const sigset_t *ending)
{
	const struct timespec poll = {.tv_nsec = CERTIFICATE_POLL_MS * 1000000L};

	while (!certificate_slot_is_filled(&webhook->certificates)) {
		if (sigtimedwait(ending, NULL, &poll) > 0)
			return false;
		http_server_sweep(webhook->plain);
	}
	return true;
}

static void serve_until_end(struct webhook *webhook, const struct webhook_options *options,
			    const sigset_t *ending)
{
	const struct timespec period = {.tv_sec = TIDY_PERIOD_SECONDS};
	sigset_t awaited = *ending;
	int signal_number;

	sigaddset(&awaited, SIGHUP);
	do {
		/* -1 with EAGAIN after the period, with EINTR after a stop and a continuation. */
		signal_number = sigtimedwait(&awaited, NULL, &period);
		if (signal_number == SIGHUP)
			reload(webhook, options);
		if (signal_number < 0)
			tidy(webhook);
	} while (signal_number <= 0 || signal_number == SIGHUP);
}

/* What a worker does: starts, serves until a signal ends it, and ends. */
static int work(struct webhook *webhook, const struct webhook_options *options,
		struct inheritance *inheritance, struct err *err)
{
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SUPERVISOR_END);
	json_object_seed(0);
	int r = start(webhook, options, inheritance, err);
	if (r < 0 || !await_certificate(webhook, &ending))
		return r;
	r = http_server_start(webhook->reviews, err);
	if (r < 0)
		return r;
	serve_until_end(webhook, options, &ending);
	end(webhook, options, &ending);
	return 0;
}

/* Returns the exit status, in the first process and in each worker. */
static int run(const struct webhook_options *options)
{
	CLEANUP(inheritance_release) struct inheritance inheritance = {0};
	CLEANUP(webhook_release) struct webhook webhook = {0};
	struct supervision supervision;
	struct err err;
	int r = prepare(options, &inheritance, &err);

	if (r == 0)
		r = supervisor_run(&supervision, &err);
	if (r == 0 && supervision.is_worker) {
		webhook.status.worker_restarts = supervision.restarts;
		r = work(&webhook, options, &inheritance, &err);
	}
	if (r != 0) {
		log_message(LOG_ERROR, "cannot start", err.msg);
		return 1;
	}
	return supervision.exit_status;
}

int main(int argc, char **argv)
{
	struct webhook_options options;
	enum webhook_action action;
	struct err err;

	if (webhook_options_parse(argc, argv, &options, &action, &err) < 0) {
		fprintf(stderr, "sidewire-webhook: %s (see --help)\n", err.msg);
		return 2;
	}
	if (action != WEBHOOK_SERVE) {
		fputs(action == WEBHOOK_HELP ? WEBHOOK_HELP_TEXT
					     : "sidewire-webhook " SIDEWIRE_VERSION "\n",
		      stdout);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	flat_memory_begin(argv);
	raise_file_limit();
	supervisor_begin();
	signal(SIGPIPE, SIG_IGN);
	return run(&options);
}
