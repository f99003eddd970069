/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sidewire-webhook: answers admission reviews with what is to be added to a pod. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/log.h"
#include "webhook/core/admission_review.h"
#include "webhook/core/profile_choice.h"
#include "webhook/io/admission_handler.h"
#include "webhook/io/certificate.h"
#include "webhook/io/certificate_issue.h"
#include "webhook/io/cluster_sync.h"
#include "webhook/io/flat_memory.h"
#include "webhook/io/http_server.h"
#include "webhook/io/metrics.h"
#include "webhook/io/profile_store.h"
#include "webhook/io/status_handler.h"
#include "webhook/io/webhook_options.h"

enum {
	THREADS_MAX = 4,
	TIDY_PERIOD_SECONDS = 5,
	/* While ending, how often requests in flight are counted, and how long there must be none:
	 * handshakes under way and requests on the wire are not counted yet, and get this time. */
	DRAIN_POLL_MS = 10,
	DRAIN_QUIET_MS = 250,
	/* Of the certificates that are made at start, outside a cluster; nothing renews them. */
	MADE_VALIDITY_SECONDS = 30 * 24 * 3600,
};

/* All that the program holds while it serves. */
struct webhook {
	struct profile_set profiles;
	struct metrics *metrics;
	struct certificate_slot certificates;
	bool has_certificates; /* the slot was initialized */
	struct admission_handler admission;
	struct status_handler status;
	struct http_server *reviews;
	struct cluster_sync *cluster; /* NULL outside a cluster */
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

static void webhook_release(struct webhook *webhook)
{
	http_server_free(webhook->plain);
	http_server_free(webhook->reviews);
	cluster_sync_free(webhook->cluster);
	if (webhook->has_certificates)
		certificate_slot_release(&webhook->certificates);
	metrics_free(webhook->metrics);
	profile_set_release(&webhook->profiles);
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

/* A certificate from the files, or one that is made now; NULL in a cluster, where it comes later.
 */
static int get_certificate(const struct webhook_options *options,
			   struct certificate **ret_certificate, struct err *err)
{
	CLEANUP(issued_certificate_release) struct issued_certificate authority = {0};
	CLEANUP(issued_certificate_release) struct issued_certificate leaf = {0};
	const struct issue_request request = {options->tls_names, options->tls_name_count,
					      MADE_VALIDITY_SECONDS};

	if (options->is_in_cluster) {
		*ret_certificate = NULL;
		return 0;
	}
	if (options->tls_cert != NULL)
		return certificate_load(options->tls_cert, options->tls_key, ret_certificate, err);
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

static int load(struct webhook *webhook, const struct webhook_options *options, struct err *err)
{
	struct certificate *certificate;
	struct profile_choice choice; /* only whether there is one */
	int r = profile_store_load(options->profiles, &webhook->profiles, err);

	if (r == 0)
		r = profile_choose(&webhook->profiles, options->default_profiles, NULL, &choice,
				   err);
	if (r == 0)
		r = metrics_new(&webhook->metrics, err);
	if (r < 0)
		return r;
	r = get_certificate(options, &certificate, err);
	if (r != 0)
		return r;
	certificate_slot_init(&webhook->certificates, certificate);
	webhook->has_certificates = true;
	return 0;
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

static int start_reviews(struct webhook *webhook, const struct webhook_options *options,
			 struct err *err)
{
	webhook->admission = (struct admission_handler){
		.profiles = &webhook->profiles,
		.default_profiles = options->default_profiles,
		.gate_image = options->gate_image,
		.image_volumes = options->image_volumes,
		.own_namespace = options->own_namespace,
		.metrics = webhook->metrics,
	};
	struct http_server_options server = {
		.address = options->listen,
		.certificates = &webhook->certificates,
		.metrics = webhook->metrics,
		.service = {.routes = REVIEW_ROUTES,
			    .context = &webhook->admission,
			    .body_max = ADMISSION_REVIEW_SIZE_MAX},
		.threads = thread_count(),
	};
	return http_server_start(&server, &webhook->reviews, err);
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

static int start_plain(struct webhook *webhook, const struct webhook_options *options,
		       struct err *err)
{
	webhook->status.profiles = &webhook->profiles;
	webhook->status.certificates = &webhook->certificates;
	webhook->status.metrics = webhook->metrics;
	webhook->status.reviews = webhook->reviews;
	webhook->status.cluster = webhook->cluster;
	struct http_server_options server = {
		.address = options->plain_listen,
		.service = {.routes = PLAIN_ROUTES, .context = &webhook->status, .body_max = 0},
		.threads = 1,
	};
	return http_server_start(&server, &webhook->plain, err);
}

static int log_listening(const struct webhook *webhook, const struct webhook_options *options,
			 struct err *err)
{
	CLEANUP(freep) char *names = NULL;
	struct log_line line;
	int r = profile_store_names(&webhook->profiles, &names, err);

	if (r < 0)
		return r;
	log_begin(&line, LOG_INFO, "listening");
	log_text(&line, "version", SIDEWIRE_VERSION);
	log_text(&line, "address", options->listen);
	log_number(&line, "port", http_server_port_host(webhook->reviews));
	log_text(&line, "plain_address", options->plain_listen);
	log_number(&line, "plain_port", http_server_port_host(webhook->plain));
	log_text(&line, "profiles", names);
	log_text(&line, "default_profiles", options->default_profiles);
	log_end(&line);
	return 0;
}

static int start(struct webhook *webhook, const struct webhook_options *options, struct err *err)
{
	int r = load(webhook, options, err);

	if (r == 0)
		r = start_reviews(webhook, options, err);
	if (r == 0)
		r = start_cluster(webhook, options, err);
	if (r == 0)
		r = start_plain(webhook, options, err);
	if (r == 0)
		r = log_listening(webhook, options, err);
	/* What reading the profiles took. */
	flat_memory_give_back();
	return r;
}

/* SIGHUP: the files of the certificate may have changed. */
static void reload(struct webhook *webhook, const struct webhook_options *options)
{
	struct certificate *certificate;
	struct err err;

	if (options->tls_cert == NULL) {
		log_message(LOG_INFO, "nothing to reload", "the certificate is not from files");
		return;
	}
	if (certificate_load(options->tls_cert, options->tls_key, &certificate, &err) < 0) {
		log_message(LOG_ERROR, "certificate not reloaded, the one before serves on",
			    err.msg);
		return;
	}
	certificate_slot_replace(&webhook->certificates, certificate);
	log_message(LOG_INFO, "certificate reloaded", options->tls_cert);
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
	flat_memory_give_back();
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

/* Starts, serves until a signal ends it, and ends. Returns the exit status. */
static int run(const struct webhook_options *options, const sigset_t *ending)
{
	CLEANUP(webhook_release) struct webhook webhook = {0};
	struct err err;

	if (start(&webhook, options, &err) < 0) {
		log_message(LOG_ERROR, "cannot start", err.msg);
		return 1;
	}
	serve_until_end(&webhook, options, ending);
	end(&webhook, options, ending);
	return 0;
}

/* Blocks the signals that main waits for, before there are threads that could get them. */
static void block_signals(sigset_t *ret_ending)
{
	sigset_t blocked;

	sigemptyset(ret_ending);
	sigaddset(ret_ending, SIGTERM);
	sigaddset(ret_ending, SIGINT);
	blocked = *ret_ending;
	sigaddset(&blocked, SIGHUP);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct webhook_options options;
	enum webhook_action action;
	sigset_t ending;
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
	json_object_seed(0);
	block_signals(&ending);
	return run(&options, &ending);
}
