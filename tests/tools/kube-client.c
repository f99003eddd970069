/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kube-client SERVER CA_FILE TOKEN_FILE TIMEOUT_MS STALL_MS [COLLECTION[?SELECTOR]]...
 *
 * Drives common/io/kube_client: watches the collections, and makes the calls that it reads from
 * stdin, one a line, "METHOD PATH [BODY]" (a PATCH is a merge patch). A line "health" asks how the
 * watches fare. Everything that comes is printed, one JSON object a line. It ends with stdin.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/parse_num.h"
#include "common/base/strbuf.h"
#include "common/io/kube_client.h"

static void print(json_t *object)
{
	CLEANUP(freep) char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

	if (text == NULL)
		abort();
	puts(text);
	fflush(stdout);
}

static void print_error(const struct err *err)
{
	json_auto_t *line = json_pack("{s:i, s:s}", "code", err->code, "error", err->msg);

	print(line);
}

static void die(const struct err *err)
{
	fprintf(stderr, "kube-client: %s\n", err->msg);
	exit(1);
}

static void print_event(void *context, enum kube_watch_event event, json_t *object)
{
	static const char *const NAMES[] = {
		[KUBE_WATCH_LISTED] = "LISTED",
		[KUBE_WATCH_ADDED] = "ADDED",
		[KUBE_WATCH_MODIFIED] = "MODIFIED",
		[KUBE_WATCH_DELETED] = "DELETED",
	};
	json_auto_t *line = json_pack("{s:s, s:s, s:O}", "event", NAMES[event], "collection",
				      (const char *)context, "object", object);

	print(line);
}

static void print_health(const struct kube_client *client)
{
	struct kube_health health;

	kube_client_health(client, &health);
	json_auto_t *line = json_pack(
		"{s:I, s:s, s:I, s:i}", "failures", (json_int_t)health.failures, "last_failure",
		health.last_failure, "silent_ms", (json_int_t)health.silent_ms, "trouble_code",
		kube_client_trouble(client, 0)->code);
	print(line);
}

static void call(struct kube_client *client, char *line)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	char *rest = NULL;
	const char *method = strtok_r(line, " ", &rest);
	const char *path = strtok_r(NULL, " ", &rest);
	json_auto_t *body = json_loads(rest, JSON_DECODE_ANY, NULL);
	struct kube_request request = {.method = method, .path = path, .body = body};
	struct err err;

	if (path == NULL)
		abort();
	if (strcmp(method, "PATCH") == 0)
		request.content_type = "application/merge-patch+json";
	if (kube_client_call(client, &request, &reply, &err) < 0) {
		print_error(&err);
		return;
	}
	json_auto_t *answer =
		json_pack("{s:i, s:O?}", "status", (int)reply.status, "object", reply.object);
	print(answer);
}

/* Takes what stdin has, and obeys its whole lines. false at its end. */
static bool obey(struct kube_client *client, struct strbuf *input)
{
	char part[65536];
	char *newline;
	ssize_t got = read(STDIN_FILENO, part, sizeof(part));

	if (got <= 0)
		return false;
	strbuf_append(input, part, (size_t)got);
	while ((newline = strchr(input->data, '\n')) != NULL) {
		CLEANUP(strbuf_release) struct strbuf rest = STRBUF_INIT;

		*newline = '\0';
		strbuf_puts(&rest, newline + 1);
		if (strcmp(input->data, "health") == 0)
			print_health(client);
		else
			call(client, input->data);
		strbuf_release(input);
		*input = rest;
		rest = STRBUF_INIT;
	}
	return true;
}

static void watch(struct kube_client *client, char *collection)
{
	struct kube_watch_request request = {
		.collection = collection, .handler = print_event, .context = collection};
	char *selector = strchr(collection, '?');
	struct err err;

	if (selector != NULL) {
		*selector = '\0';
		request.selector = selector + 1;
	}
	if (kube_client_watch(client, &request, &err) < 0)
		die(&err);
}

static unsigned int number(const char *text)
{
	struct err err;
	uint32_t value = 0;

	if (parse_u32(text, strlen(text), 0, 1000000, &value, &err) < 0)
		die(&err);
	return value;
}

int main(int argc, char **argv)
{
	CLEANUP(kube_client_freep) struct kube_client *client = NULL;
	CLEANUP(strbuf_release) struct strbuf input = STRBUF_INIT;
	struct err err;

	if (argc < 6)
		return 2;
	struct kube_client_options options = {
		.server = argv[1],
		.ca_file = argv[2],
		.token_file = argv[3],
		.user_agent = "kube-client/1",
		.timeout_ms = number(argv[4]),
		.stall_ms = number(argv[5]),
	};
	if (kube_client_new(&options, &client, &err) < 0)
		die(&err);
	for (int i = 6; i < argc; i++)
		watch(client, argv[i]);
	for (;;) {
		struct pollfd other = {.fd = STDIN_FILENO, .events = POLLIN};

		if (kube_client_wait(client, &other, 1, -1, &err) < 0)
			die(&err);
		if (other.revents != 0 && !obey(client, &input))
			return 0;
	}
}
