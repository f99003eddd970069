/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/node_api.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/removal_watch.h"
#include "cni/io/idle_memory.h"
#include "common/base/cleanup.h"
#include "common/base/event_object.h"
#include "common/base/json_read.h"
#include "common/base/kube_retry.h"
#include "common/io/kube_client.h"
#include "common/io/log.h"
#include "common/io/utc_time.h"

#define DAEMON_SET "sidewire-node"
#define USER_AGENT "sidewire-node/" SIDEWIRE_VERSION
/* Events on objects without a namespace go there. */
#define EVENTS_PATH "/api/v1/namespaces/default/events"

enum {
	CALL_MS = 3000,                  /* of a call: the loop waits for it */
	RETRY_MS = 60 * 1000,            /* after a call that failed */
	NODE_PERIOD_MS = 60 * 60 * 1000, /* a runtime can be upgraded under a running pod */
	REPORTS_MAX = 8,
	WATCH_COUNT = 2,
	PATH_SIZE = 512,
};

struct report {
	char reason[64];
	char message[ERR_MSG_SIZE];
};

struct node_api {
	struct kube_client *client;
	const char *node_name;
	struct removal_watch daemon_set;
	struct removal_watch namespace;
	bool was_heard;         /* a watch was answered once */
	int64_t next_node_ms;   /* when the Node is asked for next */
	int64_t next_report_ms; /* when Events are sent at the earliest */
	struct report reports[REPORTS_MAX];
	size_t report_count;
	char logged[WATCH_COUNT][ERR_MSG_SIZE]; /* what was said of each watch; "": it is well */
};

static void log_warning(const char *msg, const char *detail)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, msg);
	log_text(&line, "detail", detail);
	log_end(&line);
}

static void on_event(struct removal_watch *watch, enum kube_watch_event event, const json_t *object)
{
	if (event == KUBE_WATCH_LISTED)
		removal_watch_list(watch, object);
	else
		removal_watch_object(watch, object, event == KUBE_WATCH_DELETED);
}

static void on_daemon_set(void *context, enum kube_watch_event event, json_t *object)
{
	struct node_api *api = context;

	api->was_heard = true;
	on_event(&api->daemon_set, event, object);
}

static void on_namespace(void *context, enum kube_watch_event event, json_t *object)
{
	struct node_api *api = context;

	api->was_heard = true;
	on_event(&api->namespace, event, object);
}

static int begin_watches(struct node_api *api, const char *namespace, struct err *err)
{
	char collection[PATH_SIZE];
	char selector[PATH_SIZE];

	snprintf(collection, sizeof(collection), "/apis/apps/v1/namespaces/%s/daemonsets",
		 namespace);
	struct kube_watch_request daemon_set = {
		collection, "fieldSelector=metadata.name%3D" DAEMON_SET, on_daemon_set, api, NULL,
		0};
	int r = kube_client_watch(api->client, &daemon_set, err);
	if (r < 0)
		return r;
	snprintf(selector, sizeof(selector), "fieldSelector=metadata.name%%3D%s", namespace);
	struct kube_watch_request own = {
		"/api/v1/namespaces", selector, on_namespace, api, NULL, 0};
	return kube_client_watch(api->client, &own, err);
}

/* The pod's API server, or the one of the options. -ENOENT when there is neither. */
static int client_options(const struct node_options *options, struct kube_client_options *ret,
			  struct err *err)
{
	if (options->api_server == NULL) {
		int r = kube_client_options_in_cluster(USER_AGENT, ret, err);
		if (r < 0)
			return r;
	} else {
		*ret = (struct kube_client_options){.server = options->api_server,
						    .ca_file = options->api_ca,
						    .token_file = options->api_token,
						    .user_agent = USER_AGENT};
	}
	ret->timeout_ms = CALL_MS;
	ret->call_ms = CALL_MS;
	return 0;
}

int node_api_new(const struct node_options *options, struct node_api **ret_api, struct err *err)
{
	CLEANUP(kube_client_options_release) struct kube_client_options client = {0};
	CLEANUP(node_api_freep) struct node_api *api = NULL;
	struct err reason;
	int r = client_options(options, &client, &reason);

	if (r == -ENOENT) {
		log_warning("no API server: an uninstallation will not be noticed", reason.msg);
		*ret_api = NULL;
		return 0;
	}
	if (r < 0)
		return err_set(err, -r, "%s", reason.msg);
	if (options->node_name == NULL || options->pod_namespace == NULL)
		return err_set(err, EINVAL,
			       "the variables NODE_NAME and POD_NAMESPACE are not both set");
	api = calloc(1, sizeof(*api));
	if (api == NULL)
		return err_set(err, ENOMEM, "out of memory");
	api->node_name = options->node_name;
	r = kube_client_new(&client, &api->client, err);
	if (r == 0)
		r = begin_watches(api, options->pod_namespace, err);
	if (r == 0)
		*ret_api = TAKE(api);
	return r;
}

void node_api_free(struct node_api *api)
{
	if (api == NULL)
		return;
	kube_client_free(api->client);
	free(api);
}

void node_api_freep(struct node_api **api)
{
	node_api_free(TAKE(*api));
}

int node_api_wait(struct node_api *api, struct pollfd *fds, size_t count, int timeout_ms,
		  struct err *err)
{
	if (api != NULL)
		return kube_client_wait(api->client, fds, count, timeout_ms, err);
	if (poll(fds, count, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, errno, "cannot wait: %s", strerror(errno));
	return 0;
}

enum install_goal node_api_goal(const struct node_api *api)
{
	return api != NULL && (api->daemon_set.is_leaving || api->namespace.is_leaving)
		       ? INSTALL_GOAL_ABSENT
		       : INSTALL_GOAL_PRESENT;
}

void node_api_report(struct node_api *api, const char *reason, const char *message)
{
	if (api == NULL || api->report_count == REPORTS_MAX)
		return;
	struct report *report = &api->reports[api->report_count++];
	snprintf(report->reason, sizeof(report->reason), "%s", reason);
	snprintf(report->message, sizeof(report->message), "%s", message);
}

/* An Event as a kubelet makes them for its Node: the Node's name is its uid, too. */
static json_t *make_event(const struct node_api *api, const struct report *report)
{
	char time[UTC_TIME_SIZE];

	utc_time_now(time);
	const struct event_object event = {
		.component = DAEMON_SET,
		.host = api->node_name,
		.namespace_name = "default",
		.about_api_version = "v1",
		.about_kind = "Node",
		.about_name = api->node_name,
		.about_uid = api->node_name,
		.reason = report->reason,
		.message = report->message,
		.time = time,
	};
	return event_object_make(&event);
}

/* Calls, and takes every status but `wanted` for a failure, in the words of the Status object. */
static int call(struct node_api *api, const struct kube_request *request, long wanted,
		struct kube_reply *ret_reply, struct err *err)
{
	const char *message = NULL;
	struct err ignored;
	int r = kube_client_call(api->client, request, ret_reply, err);

	if (r < 0 || ret_reply->status == wanted)
		return r;
	if (json_read_string(ret_reply->object, "message", &message, &ignored) < 0)
		message = NULL;
	return err_set(err, EPROTO, "%s %s: %ld: %s", request->method, request->path,
		       ret_reply->status, message != NULL ? message : "no reason given");
}

/* Sends the oldest Event. One that the server refuses for good is dropped: the log has it. */
static void send_report(struct node_api *api, int64_t now_ms)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	json_auto_t *event = make_event(api, &api->reports[0]);
	struct kube_request request = {"POST", EVENTS_PATH, NULL, event};
	struct err err;

	if (call(api, &request, 201, &reply, &err) < 0) {
		log_warning("an Event was not sent", err.msg);
		api->next_report_ms = now_ms + RETRY_MS;
		if (reply.status < 400 || kube_is_retried(reply.status))
			return;
	}
	api->report_count--;
	memmove(api->reports, api->reports + 1, api->report_count * sizeof(*api->reports));
}

/* Tells what the runtime does, when that has changed. */
static void note_runtime(struct node_api *api, struct node_state *state, const char *version)
{
	struct err reason;

	if (strcmp(state->runtime_version, version) == 0)
		return;
	snprintf(state->runtime_version, sizeof(state->runtime_version), "%s", version);
	state->runtime = runtime_support_of(version, &reason);
	if (state->runtime == RUNTIME_SUPPORT_YES)
		return;
	log_warning("runtime without pod annotations", reason.msg);
	node_api_report(api, "SidewireRuntimeWithoutAnnotations", reason.msg);
}

static void ask_node(struct node_api *api, struct node_state *state, int64_t now_ms)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	char path[PATH_SIZE];
	struct kube_request request = {"GET", path, NULL, NULL};
	const char *version = NULL;
	json_t *status = NULL;
	json_t *info = NULL;
	struct err err;

	snprintf(path, sizeof(path), "/api/v1/nodes/%s", api->node_name);
	int r = call(api, &request, 200, &reply, &err);
	if (r == 0)
		r = json_read_object(reply.object, "status", &status, &err);
	if (r == 0)
		r = json_read_object(status, "nodeInfo", &info, &err);
	if (r == 0)
		r = json_read_string(info, "containerRuntimeVersion", &version, &err);
	api->next_node_ms = now_ms + (r < 0 ? RETRY_MS : NODE_PERIOD_MS);
	if (r < 0)
		log_warning("the node's runtime is not known", err.msg);
	else
		note_runtime(api, state, version != NULL ? version : "");
}

/* Says in the log what keeps a watch from working: once, until it is another reason or it worked.
 */
static void note_health(struct node_api *api, struct node_state *state)
{
	struct kube_health health;

	kube_client_health(api->client, &health);
	state->api_failures = health.failures;
	for (size_t i = 0; i < WATCH_COUNT; i++) {
		const char *trouble = kube_client_trouble(api->client, i)->msg;

		if (strcmp(api->logged[i], trouble) == 0)
			continue;
		snprintf(api->logged[i], sizeof(api->logged[i]), "%s", trouble);
		if (*trouble != '\0')
			log_warning("a watch failed, and is tried again", trouble);
	}
}

static bool has_report_due(const struct node_api *api, int64_t now_ms)
{
	return api->report_count > 0 && now_ms >= api->next_report_ms;
}

bool node_api_speak(struct node_api *api, struct node_state *state, int64_t now_ms)
{
	if (api == NULL)
		return false;
	note_health(api, state);
	if (!api->was_heard)
		return false;
	if (now_ms >= api->next_node_ms) {
		ask_node(api, state, now_ms);
		/* By now TLS was set up, and the Node, a large object, was read. */
		idle_memory_give_back();
	} else if (has_report_due(api, now_ms)) {
		send_report(api, now_ms);
	}
	return has_report_due(api, now_ms);
}
