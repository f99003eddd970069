/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/namespace_reads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

enum { NOW_MS = 1000 * 1000 };

static const struct err NO_TROUBLE;

/* A request that waits: what is called counts in the two numbers that its connection points to. */
struct request {
	int suspended, resumed;
	struct http_wait wait;
};

static void suspend(void *connection)
{
	((struct request *)connection)->suspended++;
}

static void resume(void *connection)
{
	((struct request *)connection)->resumed++;
}

static void request_init(struct request *request)
{
	*request = (struct request){
		.wait = {.connection = request, .suspend = suspend, .resume = resume}};
}

/* The next read, done with this text; nobody may wait for it. */
static void finish_next(struct namespace_reads *reads, const char *text, long long now_ms)
{
	struct namespace_read *read = namespace_reads_next(reads);

	CU_ASSERT_PTR_NOT_NULL_FATAL(read);
	CU_ASSERT_PTR_NULL(namespace_read_finish(read, strdup(text), &NO_TROUBLE, now_ms));
}

static void test_one_read(void)
{
	CLEANUP(namespace_reads_release) struct namespace_reads reads = {0};

	CU_ASSERT_PTR_NULL(namespace_reads_find(&reads, "a", NOW_MS));
	CU_ASSERT_PTR_NULL(namespace_reads_find(&reads, "", NOW_MS));
	CU_ASSERT_PTR_NULL(namespace_reads_next(&reads));
	struct namespace_read *read = namespace_reads_add(&reads, "a", NOW_MS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(read);
	ASSERT_TEXT("name", read->name, "a");
	CU_ASSERT(!read->is_done && read->since_ms == NOW_MS);
	/* Under way it does not become old. */
	CU_ASSERT_PTR_EQUAL(namespace_reads_find(&reads, "a", NOW_MS + 1000000), read);
	CU_ASSERT_PTR_NULL(namespace_reads_find(&reads, "b", NOW_MS));
	CU_ASSERT_PTR_EQUAL(namespace_reads_next(&reads), read);
	finish_next(&reads, "text", NOW_MS + 5);
	CU_ASSERT_PTR_NULL(namespace_reads_next(&reads));
	CU_ASSERT(read->is_done && read->since_ms == NOW_MS + 5);
	ASSERT_TEXT("text", read->text, "text");
	long long last = NOW_MS + 5 + NAMESPACE_READ_GOOD_MS;
	CU_ASSERT_PTR_EQUAL(namespace_reads_find(&reads, "a", last), read);
	CU_ASSERT_PTR_NULL(namespace_reads_find(&reads, "a", last + 1));
}

static void test_trouble(void)
{
	CLEANUP(namespace_reads_release) struct namespace_reads reads = {0};
	const struct err trouble = {.code = -EAGAIN, .msg = "nobody knows"};
	struct namespace_read *read = namespace_reads_add(&reads, "a", NOW_MS);

	CU_ASSERT_PTR_NULL(namespace_read_finish(read, NULL, &trouble, NOW_MS));
	CU_ASSERT_PTR_EQUAL(namespace_reads_find(&reads, "a", NOW_MS), read);
	CU_ASSERT(read->text == NULL && read->trouble.code == -EAGAIN);
	ASSERT_TEXT("trouble", read->trouble.msg, "nobody knows");
}

static void test_waits(void)
{
	CLEANUP(namespace_reads_release) struct namespace_reads reads = {0};
	struct namespace_read *read = namespace_reads_add(&reads, "a", NOW_MS);
	struct request requests[3];

	for (size_t i = 0; i < 3; i++) {
		request_init(&requests[i]);
		namespace_read_await(read, &requests[i].wait);
		CU_ASSERT(requests[i].suspended == 1 && requests[i].resumed == 0);
	}
	struct http_wait *waits = namespace_read_finish(read, NULL, &NO_TROUBLE, NOW_MS);
	CU_ASSERT(requests[0].resumed == 0);
	namespace_waits_end(waits);
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT(requests[i].suspended == 1 && requests[i].resumed == 1);
	namespace_waits_end(NULL);
	CU_ASSERT_PTR_NULL(read->waits);
}

static void test_first_come_first_served(void)
{
	static const char *const ORDER[] = {"b", "c", "a"};
	CLEANUP(namespace_reads_release) struct namespace_reads reads = {0};

	namespace_reads_add(&reads, "a", NOW_MS + 3);
	namespace_reads_add(&reads, "b", NOW_MS + 1);
	namespace_reads_add(&reads, "c", NOW_MS + 2);
	for (size_t i = 0; i < 3; i++) {
		ASSERT_TEXT("order", namespace_reads_next(&reads)->name, ORDER[i]);
		finish_next(&reads, "", NOW_MS + 4);
	}
}

/* Adds reads until there is no place. Returns how many there were. */
static unsigned int fill(struct namespace_reads *reads)
{
	char name[16];
	unsigned int count = 0;

	do {
		snprintf(name, sizeof(name), "fill-%u", count);
	} while (namespace_reads_add(reads, name, NOW_MS + count) != NULL && ++count < 1000);
	return count;
}

/* Reads under way keep their places; of those that are done the oldest goes first. */
static void test_places(void)
{
	CLEANUP(namespace_reads_release) struct namespace_reads reads = {0};

	CU_ASSERT_EQUAL(fill(&reads), NAMESPACE_READS_MAX);
	for (int i = 0; i < 3; i++)
		finish_next(&reads, "text", NOW_MS + 100 - i);
	struct namespace_read *read = namespace_reads_add(&reads, "new", NOW_MS + 200);
	CU_ASSERT_PTR_NOT_NULL_FATAL(read);
	CU_ASSERT(!read->is_done && read->text == NULL && read->trouble.code == 0);
	CU_ASSERT_PTR_NOT_NULL(namespace_reads_find(&reads, "fill-0", NOW_MS + 200));
	CU_ASSERT_PTR_NOT_NULL(namespace_reads_find(&reads, "fill-1", NOW_MS + 200));
	CU_ASSERT_PTR_NULL(namespace_reads_find(&reads, "fill-2", NOW_MS + 200));
	CU_ASSERT_PTR_NOT_NULL(namespace_reads_find(&reads, "fill-3", NOW_MS + 200));
	CU_ASSERT_PTR_EQUAL(namespace_reads_find(&reads, "new", NOW_MS + 200), read);
}

/* A new read of a name is found, not the one before that is old. */
static void test_again(void)
{
	CLEANUP(namespace_reads_release) struct namespace_reads reads = {0};
	long long later_ms = NOW_MS + NAMESPACE_READ_GOOD_MS + 1;

	namespace_reads_add(&reads, "a", NOW_MS);
	finish_next(&reads, "old", NOW_MS);
	struct namespace_read *read = namespace_reads_add(&reads, "a", later_ms);
	CU_ASSERT_PTR_EQUAL(namespace_reads_find(&reads, "a", later_ms), read);
	finish_next(&reads, "new", later_ms);
	ASSERT_TEXT("text", namespace_reads_find(&reads, "a", later_ms)->text, "new");
}

static CU_TestInfo tests[] = {
	{"one read", test_one_read}, {"trouble", test_trouble},
	{"who waits", test_waits},   {"first come, first served", test_first_come_first_served},
	{"places", test_places},     {"again", test_again},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/namespace_reads", tests)
