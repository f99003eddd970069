/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/cluster_sync.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/kube_retry.h"
#include "common/base/strbuf.h"
#include "common/io/kube_client.h"
#include "common/io/log.h"
#include "common/io/monotonic.h"
#include "webhook/io/cluster_api.h"
#include "webhook/io/cluster_client.h"
#include "webhook/io/cluster_nodes.h"
#include "webhook/io/cluster_steps.h"

enum {
	PASS_MS = 5000,      /* between passes when nothing happens */
	HELD_BACK_MS = 1000, /* when a write waits for its second to pass */
	/* Passes in a row in which others were first; then something is wrong with the watch. */
	CONFLICTS_MAX = 3,
	CAUSES_MAX = 8, /* of one time of trouble that are logged */
	/* A watch that failed is tried again sooner: none has failed for so long, so all are well.
	 */
	WATCHES_WELL_S = (KUBE_TIMEOUT_MS + KUBE_RETRY_AFTER_MAX_MS + PASS_MS) / 1000,
};

struct cluster_sync {
	struct kube_client *client;
	struct cluster cluster;
	const char *service_account;
	_Atomic(enum image_volumes) *image_volumes; /* NULL: nothing is to be found out */
	pthread_t thread;
	bool has_thread;

	/* The thread's own. */
	struct cluster_nodes *nodes; /* NULL: not followed, or not yet */
	bool are_nodes_settled;
	unsigned int conflicts;       /* in a row */
	unsigned long watch_failures; /* of the client, as last seen */
	time_t watch_failed;          /* when they last grew; 0: the watches are well */
	uint64_t call_failures;
	char trouble[ERR_MSG_SIZE];            /* of the last pass; "": none */
	char causes[CAUSES_MAX][ERR_MSG_SIZE]; /* logged since there is trouble */
	size_t cause_count;

	pthread_mutex_t mutex; /* guards the report */
	struct cluster_report report;
};

static time_t monotonic_s(void)
{
	return monotonic_ms() / 1000;
}

/* Keeps the first trouble of a pass, and counts what the API server refused or did not answer. To
 * be stopped is no trouble. */
static void note_result(struct cluster_sync *sync, int r, const struct err *err,
			struct err *trouble)
{
	if (r == 0 || r == -ECANCELED)
		return;
	if (r == -EAGAIN && ++sync->conflicts < CONFLICTS_MAX)
		return;
	if (r != -EAGAIN)
		sync->call_failures++;
	if (trouble->code == 0)
		*trouble = *err;
}

/* Trouble of the watches lasts until all of them were heard of again, or none fails any more. */
static void note_watches(struct cluster_sync *sync, struct err *trouble)
{
	struct kube_health health;
	time_t now = monotonic_s();

	kube_client_health(sync->client, &health);
	if (health.failures != sync->watch_failures)
		sync->watch_failed = now;
	else if (health.silent_ms / 1000 < now - sync->watch_failed ||
		 now - sync->watch_failed > WATCHES_WELL_S)
		sync->watch_failed = 0;
	sync->watch_failures = health.failures;
	if (sync->watch_failed == 0 || trouble->code != 0)
		return;
	/* Both watches suffer from one cause: without the collection it is one sentence. */
	const char *sentence = strstr(health.last_failure, ": ");
	err_set(trouble, EIO, "%s", sentence != NULL ? sentence + 2 : health.last_failure);
}

/* Whether two sentences differ in numbers only: times, ports, versions. */
static bool is_same_cause(const char *a, const char *b)
{
	static const char DIGITS[] = "0123456789";

	for (;;) {
		a += strspn(a, DIGITS);
		b += strspn(b, DIGITS);
		if (*a != *b || *a == '\0')
			return *a == *b;
		a++;
		b++;
	}
}

/* Notes a cause. false when it was there since there is trouble, or there were too many. */
static bool is_new_cause(struct cluster_sync *sync, const char *cause)
{
	for (size_t i = 0; i < sync->cause_count; i++) {
		if (is_same_cause(sync->causes[i], cause))
			return false;
	}
	if (sync->cause_count == CAUSES_MAX)
		return false;
	snprintf(sync->causes[sync->cause_count++], ERR_MSG_SIZE, "%s", cause);
	return true;
}

/* Logs each cause of trouble once, and the end of it. */
static void tell(struct cluster_sync *sync, const struct err *trouble)
{
	struct log_line line;

	snprintf(sync->trouble, sizeof(sync->trouble), "%s",
		 trouble->code != 0 ? trouble->msg : "");
	if (trouble->code == 0 && sync->cause_count > 0) {
		sync->cause_count = 0;
		log_begin(&line, LOG_INFO, "in step with the cluster");
		log_end(&line);
	}
	if (trouble->code == 0 || !is_new_cause(sync, trouble->msg))
		return;
	log_begin(&line, LOG_WARNING, "not in step with the cluster");
	log_text(&line, "detail", trouble->msg);
	log_end(&line);
}

/* Whether what the nodes can do is about to be known. */
static bool is_awaiting_nodes(const struct cluster_sync *sync)
{
	return sync->nodes != NULL && !sync->are_nodes_settled;
}

static int check(const struct cluster_sync *sync, struct err *err)
{
	if (is_awaiting_nodes(sync))
		return err_set(err, EINVAL, "the nodes were not read yet");
	return cluster_check(&sync->cluster, err);
}

/* What is missing, with the trouble of the last pass, which may be why. */
static void describe(const struct cluster_sync *sync, char ret_not_ready[static ERR_MSG_SIZE])
{
	struct err missing = {0};
	struct err both;

	if (check(sync, &missing) < 0 && sync->trouble[0] != '\0') {
		err_set(&both, EINVAL, "%.230s; %.230s", missing.msg, sync->trouble);
		missing = both;
	}
	snprintf(ret_not_ready, ERR_MSG_SIZE, "%s", missing.msg);
}

static void publish(struct cluster_sync *sync)
{
	struct cluster_report report = {
		.authority_not_after = sync->cluster.authority.validity.not_after,
		.bundle_writes = sync->cluster.bundle_writes,
		.api_failures = sync->call_failures + sync->watch_failures,
	};
	struct log_line line;

	if (sync->nodes != NULL)
		report.api_failures += cluster_nodes_failures(sync->nodes);
	describe(sync, report.not_ready);
	bool is_ready = report.not_ready[0] == '\0';
	pthread_mutex_lock(&sync->mutex);
	bool was_ready = sync->report.not_ready[0] == '\0';
	sync->report = report;
	pthread_mutex_unlock(&sync->mutex);
	if (is_ready == was_ready)
		return;
	log_begin(&line, is_ready ? LOG_INFO : LOG_WARNING, is_ready ? "ready" : "not ready");
	log_text(&line, "detail", is_ready ? NULL : report.not_ready);
	log_end(&line);
}

/* Begins to follow the nodes: where there is an authority already, the API server has answered, and
 * nothing but what the nodes can do is waited for. */
static int step_nodes(struct cluster_sync *sync, struct err *err)
{
	if (sync->image_volumes == NULL || sync->nodes != NULL ||
	    sync->cluster.authority.pair.certificate == NULL)
		return 0;
	return cluster_nodes_start(sync->service_account, sync->image_volumes, &sync->nodes, err);
}

/* All steps once; one that fails keeps no other from being done. */
static void pass(struct cluster_sync *sync)
{
	struct cluster *cluster = &sync->cluster;
	time_t now = time(NULL);
	unsigned int conflicts_before = sync->conflicts;
	struct err trouble = {0};
	struct err err = {0};

	/* What was seen may verify us no longer: that is told before it is mended. */
	publish(sync);
	note_result(sync, cluster_step_authority(cluster, now, &err), &err, &trouble);
	note_result(sync, step_nodes(sync, &err), &err, &trouble);
	note_result(sync, cluster_step_image(cluster, &err), &err, &trouble);
	/* The nodes are known before there is a certificate, and with it reviews: all replicas, and
	 * all their workers, answer alike. Where they cannot be known all goes on. */
	if (!is_awaiting_nodes(sync))
		note_result(sync, cluster_step_leaf(cluster, now, &err), &err, &trouble);
	note_result(sync, cluster_step_bundle(cluster, now, &err), &err, &trouble);
	if (sync->conflicts == conflicts_before)
		sync->conflicts = 0;
	note_watches(sync, &trouble);
	tell(sync, &trouble);
	publish(sync);
}

/* Waits for the next pass. false when there shall be none. */
static bool wait_for_pass(struct cluster_sync *sync)
{
	int timeout_ms = sync->cluster.is_held_back ? HELD_BACK_MS : PASS_MS;
	struct pollfd settled = {.fd = -1, .events = POLLIN};
	struct err err;

	if (is_awaiting_nodes(sync))
		settled.fd = cluster_nodes_settled_fd(sync->nodes);
	int r = kube_client_wait(sync->client, &settled, 1, timeout_ms, &err);
	if (settled.revents != 0)
		sync->are_nodes_settled = true;

	/* Without memory it fails: then a little time passes without it. */
	if (r < 0 && r != -ECANCELED)
		sleep(1);
	return r != -ECANCELED;
}

static void *run(void *context)
{
	struct cluster_sync *sync = context;

	while (wait_for_pass(sync))
		pass(sync);
	return NULL;
}

/* All but the thread. */
static int prepare(struct cluster_sync *sync, const struct cluster_sync_options *options,
		   struct err *err)
{
	struct cluster *cluster = &sync->cluster;
	const struct cluster_client_options client = {.service_account = options->service_account};
	int r = cluster_client_new(&client, &sync->client, err);

	if (r < 0)
		return r;
	cluster->client = sync->client;
	cluster->namespace_name = options->namespace_name;
	cluster->pod_name = options->pod_name;
	cluster->certificates = options->certificates;
	cluster->gate_image = options->gate_image;
	sync->service_account = options->service_account;
	if (atomic_load(options->image_volumes) == IMAGE_VOLUMES_UNKNOWN)
		sync->image_volumes = options->image_volumes;
	snprintf(sync->report.not_ready, sizeof(sync->report.not_ready),
		 "the API server was not asked yet");
	return cluster_api_watch(sync->client, cluster->namespace_name, cluster_note,
				 &cluster->secret, &cluster->configuration, err);
}

static void sync_freep(struct cluster_sync **sync)
{
	cluster_sync_free(*sync);
}

int cluster_sync_start(const struct cluster_sync_options *options, struct cluster_sync **ret_sync,
		       struct err *err)
{
	CLEANUP(sync_freep) struct cluster_sync *sync = calloc(1, sizeof(*sync));

	if (sync == NULL)
		return err_set(err, ENOMEM, "out of memory");
	pthread_mutex_init(&sync->mutex, NULL);
	int r = prepare(sync, options, err);
	if (r < 0)
		return r;
	int code = pthread_create(&sync->thread, NULL, run, sync);
	if (code != 0)
		return err_set(err, code, "no thread could be made: %s", strerror(code));
	sync->has_thread = true;
	*ret_sync = TAKE(sync);
	return 0;
}

void cluster_sync_stop(struct cluster_sync *sync)
{
	kube_client_stop(sync->client);
}

void cluster_sync_free(struct cluster_sync *sync)
{
	if (sync == NULL)
		return;
	if (sync->has_thread) {
		cluster_sync_stop(sync);
		pthread_join(sync->thread, NULL);
	}
	cluster_nodes_free(sync->nodes);
	kube_client_free(sync->client);
	cluster_release(&sync->cluster);
	pthread_mutex_destroy(&sync->mutex);
	free(sync);
}

void cluster_sync_report(struct cluster_sync *sync, struct cluster_report *ret_report)
{
	pthread_mutex_lock(&sync->mutex);
	*ret_report = sync->report;
	pthread_mutex_unlock(&sync->mutex);
}
