/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Room for bodies; everything else of an exchange, tests/webhook asks the program. */
#include "webhook/io/http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

enum { BODY_MAX = 8 * 1024 * 1024, PART = 16 * 1024 };

static void answer(void *context, const struct http_request *request, struct http_reply *reply)
{
	size_t *length = context;

	*length = request->body_length;
	reply->status = 200;
}

/* A server as far as bodies are concerned. */
struct fixture {
	struct http_route routes[2];
	struct http_service service;
	atomic_size_t body_bytes;
	size_t length; /* of the body that was answered last */
};

static void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){.routes = {{"/x", true, answer}}};
	fixture->service = (struct http_service){.routes = fixture->routes,
						 .context = &fixture->length,
						 .body_max = BODY_MAX,
						 .body_bytes = &fixture->body_bytes};
}

/* A request whose body came in parts, and is not answered yet. */
static struct http_exchange *begin(const struct fixture *fixture, size_t length)
{
	static char part[PART];
	const struct http_head head = {
		.method = "POST", .path = "/x", .content_type = "application/json"};
	struct http_exchange *exchange = NULL;
	struct err err = {0};

	CU_ASSERT_EQUAL_FATAL(http_exchange_new(&fixture->service, &head, &exchange, &err), 0);
	for (size_t sent = 0; sent < length;) {
		size_t step = length - sent < PART ? length - sent : PART;

		CU_ASSERT_TRUE(http_exchange_receive(exchange, part, step));
		sent += step;
	}
	return exchange;
}

/* The status that it gets. */
static unsigned int end(struct http_exchange *exchange)
{
	struct http_reply reply;

	http_exchange_answer(exchange, &reply);
	free(reply.body);
	return reply.status;
}

static void test_room(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	struct http_exchange *first = begin(&fixture, BODY_MAX);
	struct http_exchange *second = begin(&fixture, HTTP_LARGE_BYTES_MAX - BODY_MAX);
	struct http_exchange *large = begin(&fixture, HTTP_BODY_SMALL + 1);
	struct http_exchange *small = begin(&fixture, HTTP_BODY_SMALL);

	/* Who is refused holds nothing. */
	CU_ASSERT_EQUAL(fixture.body_bytes, HTTP_LARGE_BYTES_MAX + HTTP_BODY_SMALL);
	CU_ASSERT_EQUAL(end(large), 503);
	CU_ASSERT_EQUAL(end(small), 200);
	CU_ASSERT_EQUAL(fixture.length, HTTP_BODY_SMALL);
	CU_ASSERT_EQUAL(end(first), 200);
	CU_ASSERT_EQUAL(fixture.length, BODY_MAX);

	/* Whoever was answered holds nothing either, though the reply has not left. */
	CU_ASSERT_EQUAL(fixture.body_bytes, HTTP_LARGE_BYTES_MAX - BODY_MAX);
	struct http_exchange *third = begin(&fixture, BODY_MAX);
	CU_ASSERT_EQUAL(end(third), 200);
	http_exchange_free(first);
	http_exchange_free(second);
	http_exchange_free(third);
	http_exchange_free(large);
	http_exchange_free(small);
	CU_ASSERT_EQUAL(fixture.body_bytes, 0);
}

/* Many small ones find an end too. */
static void test_many_small_ones(void)
{
	enum { COUNT = HTTP_BODY_BYTES_MAX / HTTP_BODY_SMALL };
	struct http_exchange *exchanges[COUNT + 1];
	struct fixture fixture;

	fixture_init(&fixture);
	for (size_t i = 0; i <= COUNT; i++)
		exchanges[i] = begin(&fixture, HTTP_BODY_SMALL);
	CU_ASSERT_EQUAL(end(exchanges[COUNT]), 503);
	CU_ASSERT_EQUAL(end(exchanges[0]), 200);
	for (size_t i = 0; i <= COUNT; i++)
		http_exchange_free(exchanges[i]);
	CU_ASSERT_EQUAL(fixture.body_bytes, 0);
}

static CU_TestInfo tests[] = {
	{"large bodies leave room for small ones", test_room},
	{"small bodies are bounded", test_many_small_ones},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/http_exchange", tests)
