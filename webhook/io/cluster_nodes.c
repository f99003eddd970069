/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/cluster_nodes.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/kube_client.h"
#include "common/io/log.h"
#include "common/io/monotonic.h"
#include "webhook/core/node_set.h"
#include "webhook/io/cluster_client.h"

enum {
	PAGE_NODES = 20,   /* of a list that are asked for at once: a Node is 10 to 20 KB */
	LOOK_MS = 1000,    /* how often the health of the watch is looked at */
	LOOK_SOON_MS = 20, /* the same until it is settled: others wait for that */
};

struct cluster_nodes {
	struct kube_client *client;
	_Atomic(enum image_volumes) *answer;
	int settled_fd; /* an eventfd */
	atomic_ullong failures;
	pthread_t thread;
	bool has_thread;

	/* The thread's own. */
	struct node_set set;
	bool is_told; /* an answer was logged */
	bool is_settled;
	bool is_troubled; /* trouble of the watch was logged */
	long long begun_ms;
};

/* Logs what is known now, and why: a node, or what keeps us from knowing. */
static void tell(enum log_level level, enum image_volumes answer, const char *why)
{
	struct log_line line;

	log_begin(&line, level, "image volumes of the nodes");
	log_text(&line, "answer", image_volumes_name(answer));
	log_text(&line, "detail", *why != '\0' ? why : NULL);
	log_end(&line);
}

static void tell_answer(const struct cluster_nodes *nodes)
{
	char reason[NODE_SET_REASON_SIZE];

	node_set_reason(&nodes->set, reason);
	tell(LOG_INFO, atomic_load(nodes->answer), reason);
}

/* An event of the watch. */
static void on_node(void *context, enum kube_watch_event event, json_t *object)
{
	struct cluster_nodes *nodes = context;
	bool has_changed = true;

	if (event == KUBE_WATCH_LISTED)
		node_set_list(&nodes->set, object);
	else if (event == KUBE_WATCH_DELETED)
		has_changed = node_set_remove(&nodes->set, object);
	else
		has_changed = node_set_put(&nodes->set, object);
	if (!has_changed)
		return;
	enum image_volumes answer = node_set_answer(&nodes->set);
	if (atomic_exchange(nodes->answer, answer) != answer || !nodes->is_told)
		tell_answer(nodes);
	nodes->is_told = true;
}

/* Logs when trouble of the watch begins, and when it ends. */
static void note_trouble(struct cluster_nodes *nodes, const struct err *trouble)
{
	bool is_troubled = trouble->code != 0;

	if (is_troubled == nodes->is_troubled)
		return;
	nodes->is_troubled = is_troubled;
	if (is_troubled)
		tell(LOG_WARNING, atomic_load(nodes->answer), trouble->msg);
	else
		tell_answer(nodes);
}

/* Whoever waits for the first answer waits for a failing watch no longer than for a call. */
static void note_settled(struct cluster_nodes *nodes, const struct err *trouble)
{
	if (nodes->is_settled)
		return;
	nodes->is_settled =
		nodes->is_told || trouble->code == -EACCES ||
		(trouble->code != 0 && monotonic_ms() - nodes->begun_ms > KUBE_CALL_MS_MAX);
	if (nodes->is_settled)
		eventfd_write(nodes->settled_fd, 1);
}

static void note_health(struct cluster_nodes *nodes)
{
	const struct err *trouble = kube_client_trouble(nodes->client, 0);
	struct kube_health health;

	kube_client_health(nodes->client, &health);
	atomic_store(&nodes->failures, health.failures);
	note_trouble(nodes, trouble);
	note_settled(nodes, trouble);
}

/* Sleeps until the watch tells something. false when it shall not. */
static bool wait_for_news(struct cluster_nodes *nodes)
{
	struct err err;
	int r = kube_client_wait(nodes->client, NULL, 0, nodes->is_settled ? LOOK_MS : LOOK_SOON_MS,
				 &err);

	/* Without memory it fails: then a little time passes without it. */
	if (r < 0 && r != -ECANCELED)
		sleep(1);
	return r != -ECANCELED;
}

static void *run(void *context)
{
	struct cluster_nodes *nodes = context;

	while (wait_for_news(nodes))
		note_health(nodes);
	return NULL;
}

static void nodes_freep(struct cluster_nodes **nodes)
{
	cluster_nodes_free(*nodes);
}

int cluster_nodes_start(const char *service_account, _Atomic(enum image_volumes) *answer,
			struct cluster_nodes **ret_nodes, struct err *err)
{
	CLEANUP(nodes_freep) struct cluster_nodes *nodes = calloc(1, sizeof(*nodes));
	const struct cluster_client_options client = {.service_account = service_account};

	if (nodes == NULL)
		return err_set(err, ENOMEM, "out of memory");
	const struct kube_watch_request request = {.collection = "/api/v1/nodes",
						   .handler = on_node,
						   .context = nodes,
						   .keep = node_set_keep,
						   .page_items = PAGE_NODES};
	nodes->answer = answer;
	nodes->begun_ms = monotonic_ms();
	nodes->settled_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (nodes->settled_fd < 0)
		return err_set(err, errno, "no eventfd could be made: %s", strerror(errno));
	int r = cluster_client_new(&client, &nodes->client, err);
	if (r == 0)
		r = kube_client_watch(nodes->client, &request, err);
	if (r < 0)
		return r;
	int code = pthread_create(&nodes->thread, NULL, run, nodes);
	if (code != 0)
		return err_set(err, code, "no thread could be made: %s", strerror(code));
	nodes->has_thread = true;
	*ret_nodes = TAKE(nodes);
	return 0;
}

void cluster_nodes_free(struct cluster_nodes *nodes)
{
	if (nodes == NULL)
		return;
	if (nodes->has_thread) {
		kube_client_stop(nodes->client);
		pthread_join(nodes->thread, NULL);
	}
	kube_client_free(nodes->client);
	if (nodes->settled_fd >= 0)
		close(nodes->settled_fd);
	node_set_release(&nodes->set);
	free(nodes);
}

int cluster_nodes_settled_fd(const struct cluster_nodes *nodes)
{
	return nodes->settled_fd;
}

uint64_t cluster_nodes_failures(struct cluster_nodes *nodes)
{
	return atomic_load(&nodes->failures);
}
