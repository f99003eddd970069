/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/connection_list.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/io/monotonic.h"
#include "tests/unit/suite.h"

enum {
	MANY = 100,         /* more than any list here has */
	MARGIN_MS = 3000,   /* by which a wait is longer or shorter than a limit */
	NOT_WAITING_MS = 0, /* a request is being served */
};

/* Whether the list is these, the last that was added first, linked both ways. */
static bool holds(const struct connection_list *list, struct connection *const *expected,
		  size_t count)
{
	const struct connection *previous = NULL;
	const struct connection *next = list->first;

	for (size_t i = 0; i < count; i++) {
		if (next != expected[i] || next->previous != previous)
			return false;
		previous = next;
		next = next->next;
	}
	return next == NULL && list->count == count;
}

static void test_add_and_remove(void)
{
	CLEANUP(connection_list_release) struct connection_list list;

	connection_list_init(&list, MANY);
	CU_ASSERT(holds(&list, NULL, 0));
	struct connection *a = connection_list_add(&list, 7);
	struct connection *b = connection_list_add(&list, 8);
	struct connection *c = connection_list_add(&list, 9);
	struct connection *d = connection_list_add(&list, 10);
	CU_ASSERT(holds(&list, (struct connection *[]){d, c, b, a}, 4));
	CU_ASSERT(a->fd == 7 && d->fd == 10);
	connection_list_remove(&list, b);
	CU_ASSERT(holds(&list, (struct connection *[]){d, c, a}, 3));
	connection_list_remove(&list, d);
	CU_ASSERT(holds(&list, (struct connection *[]){c, a}, 2));
	connection_list_remove(&list, a);
	CU_ASSERT(holds(&list, (struct connection *[]){c}, 1));
	connection_list_remove(&list, c);
	CU_ASSERT(holds(&list, NULL, 0));
}

static void test_who_waits(void)
{
	CLEANUP(connection_list_release) struct connection_list list;
	int64_t begin_ms = monotonic_ms();

	connection_list_init(&list, MANY);
	struct connection *connection = connection_list_add(&list, -1);
	CU_ASSERT(connection->waiting_since_ms >= begin_ms && !connection->has_asked);
	CU_ASSERT(connection->tls == TLS_SILENT && connection->certificate == NULL);
	connection_list_begin(&list, connection);
	CU_ASSERT(connection->waiting_since_ms == 0 && connection->has_asked);
	connection_list_end(&list, connection);
	CU_ASSERT(connection->waiting_since_ms >= begin_ms && connection->has_asked);
	connection_list_remove(&list, connection);
}

/* Whether a connection that has waited so long is shut down, one of `count` in the list. */
static bool is_shut(bool has_asked, int64_t waited_ms, size_t count)
{
	CLEANUP(connection_list_release) struct connection_list list;
	struct connection *others[MANY];
	char byte;
	int ends[2];

	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	connection_list_init(&list, 2);
	struct connection *connection = connection_list_add(&list, ends[0]);
	for (size_t i = 0; i < count - 1; i++)
		others[i] = connection_list_add(&list, -1);
	connection->has_asked = has_asked;
	connection->waiting_since_ms = waited_ms > 0 ? monotonic_ms() - waited_ms : 0;
	connection_list_sweep(&list);
	ssize_t got = recv(ends[1], &byte, 1, MSG_DONTWAIT);
	/* 0: the end; else nothing has come, and it is open. */
	CU_ASSERT(got == 0 || (got < 0 && errno == EAGAIN));
	for (size_t i = 0; i < count - 1; i++)
		connection_list_remove(&list, others[i]);
	connection_list_remove(&list, connection);
	close(ends[0]);
	close(ends[1]);
	return got == 0;
}

static void test_who_is_sent_away(void)
{
	static const struct {
		const char *name;
		bool has_asked;
		int64_t waited_ms;
		size_t count; /* connections; more than two are too many */
		bool is_shut;
	} ROWS[] = {
		{"just came", false, 1, 1, false},
		{"head not late", false, CONNECTION_HEAD_MS - MARGIN_MS, 1, false},
		{"head late", false, CONNECTION_HEAD_MS + MARGIN_MS, 1, true},
		{"idle like a late head", true, CONNECTION_HEAD_MS + MARGIN_MS, 1, false},
		{"idle", true, CONNECTION_IDLE_MS - MARGIN_MS, 1, false},
		{"idle too long", true, CONNECTION_IDLE_MS + MARGIN_MS, 1, true},
		{"just enough others", false, CONNECTION_SHORT_MS + MARGIN_MS, 2, false},
		{"too many, head", false, CONNECTION_SHORT_MS + MARGIN_MS, 3, true},
		{"too many, idle", true, CONNECTION_SHORT_MS + MARGIN_MS, 3, true},
		{"too many, not long", true, CONNECTION_SHORT_MS - MARGIN_MS, 3, false},
		{"a request is served", true, NOT_WAITING_MS, 3, false},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		ASSERT_ROW(ROWS[i].name, is_shut(ROWS[i].has_asked, ROWS[i].waited_ms,
						 ROWS[i].count) == ROWS[i].is_shut);
}

static CU_TestInfo tests[] = {
	{"add and remove", test_add_and_remove},
	{"who waits", test_who_waits},
	{"who is sent away", test_who_is_sent_away},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/connection_list", tests)
