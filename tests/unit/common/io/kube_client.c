/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What needs no server; tests/kube has the others. */
#include "common/io/kube_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/unit/alloc_fail.h"
#include "tests/unit/suite.h"

static const struct kube_client_options OPTIONS = {
	.server = "https://127.0.0.1:1",
	.ca_file = "/nonexistent/ca",
	.token_file = "/nonexistent/token",
	.user_agent = "unit/1",
};

static void ignore(void *context, enum kube_watch_event event, json_t *object)
{
	(void)context;
	(void)event;
	(void)object;
}

static struct kube_client *client_new(void)
{
	struct kube_client *client = NULL;
	struct err err;

	CU_ASSERT_FATAL(kube_client_new(&OPTIONS, &client, &err) == 0);
	return client;
}

static void test_servers(void)
{
	static const struct {
		const char *server;
		int code;
	} ROWS[] = {
		{"https://10.96.0.1:443", 0},      {"https://[fd00::1]:443", 0},
		{"https://kubernetes.default", 0}, {"http://10.96.0.1:443", -EINVAL},
		{"10.96.0.1:443", -EINVAL},        {"https://", -EINVAL},
		{"https://host/path", -EINVAL},    {"https://host?query", -EINVAL},
		{"https://user@host", -EINVAL},    {"", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(kube_client_freep) struct kube_client *client = NULL;
		struct kube_client_options options = OPTIONS;
		struct err err = {0};

		options.server = ROWS[i].server;
		ASSERT_ROW(ROWS[i].server,
			   kube_client_new(&options, &client, &err) == ROWS[i].code);
		ASSERT_ROW(ROWS[i].server, (client != NULL) == (ROWS[i].code == 0));
	}
}

static void test_watches_are_bounded(void)
{
	CLEANUP(kube_client_freep) struct kube_client *client = client_new();
	struct kube_watch_request request = {.collection = "/x", .handler = ignore};
	struct err err = {0};

	for (int i = 0; i < KUBE_WATCHES_MAX; i++)
		CU_ASSERT_EQUAL(kube_client_watch(client, &request, &err), 0);
	CU_ASSERT_EQUAL(kube_client_watch(client, &request, &err), -ENOSPC);
}

static void test_a_watch_that_fails_is_counted(void)
{
	CLEANUP(kube_client_freep) struct kube_client *client = client_new();
	struct kube_watch_request request = {.collection = "/x", .handler = ignore};
	struct kube_health health;
	struct err err = {0};

	CU_ASSERT_EQUAL(kube_client_watch(client, &request, &err), 0);
	kube_client_health(client, &health);
	CU_ASSERT_EQUAL(health.failures, 0);
	ASSERT_TEXT("none", health.last_failure, "");
	CU_ASSERT_EQUAL(kube_client_wait(client, NULL, 0, 0, &err), 0);
	kube_client_health(client, &health);
	CU_ASSERT_EQUAL(health.failures, 1);
	ASSERT_TEXT("no token", health.last_failure,
		    "/x: /nonexistent/token: cannot be opened: No such file or directory");
	/* Not again before a pause. */
	CU_ASSERT_EQUAL(kube_client_wait(client, NULL, 0, 0, &err), 0);
	kube_client_health(client, &health);
	CU_ASSERT_EQUAL(health.failures, 1);
}

static void test_waits_for_others(void)
{
	CLEANUP(kube_client_freep) struct kube_client *client = client_new();
	struct err err = {0};
	int fds[2];

	CU_ASSERT_FATAL(pipe(fds) == 0);
	struct pollfd others[] = {
		{.fd = -1, .events = POLLIN},
		{.fd = fds[0], .events = POLLIN},
		{.fd = fds[1], .events = POLLPRI},
	};
	CU_ASSERT_EQUAL(kube_client_wait(client, others, 3, 0, &err), 0);
	CU_ASSERT(others[0].revents == 0 && others[1].revents == 0 && others[2].revents == 0);
	CU_ASSERT(write(fds[1], "x", 1) == 1);
	CU_ASSERT_EQUAL(kube_client_wait(client, others, 3, -1, &err), 0);
	CU_ASSERT(others[1].revents == POLLIN);
	close(fds[1]);
	others[2].fd = -1;
	others[1].events = 0;
	CU_ASSERT_EQUAL(kube_client_wait(client, others, 3, -1, &err), 0);
	CU_ASSERT(others[1].revents == POLLHUP);
	close(fds[0]);
}

static void test_others_are_bounded(void)
{
	CLEANUP(kube_client_freep) struct kube_client *client = client_new();
	struct pollfd others[KUBE_WAIT_OTHERS_MAX + 1];
	struct err err = {0};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		others[i] = (struct pollfd){.fd = -1};
	CU_ASSERT_EQUAL(kube_client_wait(client, others, KUBE_WAIT_OTHERS_MAX, 0, &err), 0);
	CU_ASSERT_EQUAL(kube_client_wait(client, others, KUBE_WAIT_OTHERS_MAX + 1, 0, &err),
			-EINVAL);
}

static void test_a_call_without_a_token(void)
{
	CLEANUP(kube_client_freep) struct kube_client *client = client_new();
	struct kube_request request = {.method = "GET", .path = "/x"};
	struct kube_reply reply = {.status = 7};
	struct err err = {0};

	CU_ASSERT_EQUAL(kube_client_call(client, &request, &reply, &err), -ENOENT);
	CU_ASSERT(reply.status == 7 && reply.object == NULL);
}

static void test_a_client_that_is_stopped(void)
{
	CLEANUP(kube_client_freep) struct kube_client *client = client_new();
	struct kube_watch_request watch = {.collection = "/x", .handler = ignore};
	struct kube_request request = {.method = "GET", .path = "/x"};
	struct kube_reply reply = {.status = 7};
	struct kube_health health;
	struct err err = {0};

	CU_ASSERT_EQUAL(kube_client_watch(client, &watch, &err), 0);
	kube_client_stop(client);
	CU_ASSERT_EQUAL(kube_client_wait(client, NULL, 0, -1, &err), -ECANCELED);
	ASSERT_TEXT("why", err.msg, "the client was stopped");
	CU_ASSERT_EQUAL(kube_client_call(client, &request, &reply, &err), -ECANCELED);
	CU_ASSERT(reply.status == 7 && reply.object == NULL);
	kube_client_health(client, &health);
	CU_ASSERT_EQUAL(health.failures, 0);
}

static int attempt(const void *input, struct err *err)
{
	CLEANUP(kube_client_freep) struct kube_client *client = NULL;
	int r = kube_client_new(&OPTIONS, &client, err);

	return r < 0 ? r : kube_client_watch(client, input, err);
}

static void test_out_of_memory(void)
{
	struct kube_watch_request request = {
		.collection = "/x", .selector = "a=b", .handler = ignore};

	alloc_fail_sweep("client and watch", attempt, &request);
}

static CU_TestInfo tests[] = {
	{"what a server can be", test_servers},
	{"watches are bounded", test_watches_are_bounded},
	{"a watch that fails is counted", test_a_watch_that_fails_is_counted},
	{"waits for others", test_waits_for_others},
	{"others are bounded", test_others_are_bounded},
	{"a call without a token", test_a_call_without_a_token},
	{"a client that is stopped", test_a_client_that_is_stopped},
	{"out of memory", test_out_of_memory},
	CU_TEST_INFO_NULL,
};
SUITE("common/io/kube_client", tests)
