/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beside an API server that accepts, and says nothing; tests/webhook has the others. */
#include "webhook/io/namespace_cache.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"
#include "webhook/io/certificate_issue.h"

#define ENDING "this replica of sidewire's webhook is ending"

/* A directory of a service account, and where its API server listens. */
struct place {
	char directory[sizeof("/tmp/sidewire-unit-XXXXXX")];
	int fd;
};

static void put_file(const struct place *place, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	FILE *file = fopen(path, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT(fputs(text, file) >= 0);
	CU_ASSERT(fclose(file) == 0);
}

static void remove_file(const struct place *place, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	unlink(path);
}

/* Listens, and makes the environment a pod's. */
static void place_init(struct place *place)
{
	CLEANUP(issued_certificate_release) struct issued_certificate authority = {0};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	char port[8];
	struct err err;

	*place = (struct place){.directory = "/tmp/sidewire-unit-XXXXXX"};
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place->directory));
	CU_ASSERT_EQUAL_FATAL(issue_authority(3600, &authority, &err), 0);
	put_file(place, "ca.crt", authority.certificate);
	put_file(place, "token", "secret");
	place->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_FATAL(bind(place->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
			listen(place->fd, 8) == 0 &&
			getsockname(place->fd, (struct sockaddr *)&address, &size) == 0);
	snprintf(port, sizeof(port), "%u", ntohs(address.sin_port));
	setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1", 1);
	setenv("KUBERNETES_SERVICE_PORT", port, 1);
}

static void place_release(struct place *place)
{
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
	close(place->fd);
	remove_file(place, "ca.crt");
	remove_file(place, "token");
	rmdir(place->directory);
}

static void count(void *connection)
{
	atomic_fetch_add((atomic_int *)connection, 1);
}

static void ignore(void *connection)
{
	(void)connection;
}

/* Its end does not wait for the answer to a read that is under way. */
static void test_the_end_breaks_off_a_read(void)
{
	CLEANUP(place_release) struct place place;
	atomic_int ended = 0;
	struct http_wait wait = {.connection = &ended, .suspend = ignore, .resume = count};
	struct namespace_cache *cache = NULL;
	json_t *annotations = NULL;
	struct err err;

	place_init(&place);
	CU_ASSERT_EQUAL_FATAL(namespace_cache_start(place.directory, &cache, &err), 0);
	int watch_fd = accept4(place.fd, NULL, NULL, SOCK_CLOEXEC);
	CU_ASSERT_EQUAL(namespace_cache_ask(cache, "shop", &wait, &annotations, &err),
			-EINPROGRESS);
	int read_fd = accept4(place.fd, NULL, NULL, SOCK_CLOEXEC);
	namespace_cache_stop(cache);
	CU_ASSERT_EQUAL(atomic_load(&ended), 1);
	CU_ASSERT_EQUAL(namespace_cache_ask(cache, "shop", &wait, &annotations, &err), -EAGAIN);
	ASSERT_TEXT("the one that was read", err.msg, ENDING);
	CU_ASSERT_EQUAL(namespace_cache_ask(cache, "other", &wait, &annotations, &err), -EAGAIN);
	ASSERT_TEXT("another one", err.msg, ENDING);
	CU_ASSERT_PTR_NULL(annotations);
	namespace_cache_free(cache);
	close(watch_fd);
	close(read_fd);
}

static CU_TestInfo tests[] = {
	{"the end breaks off a read", test_the_end_breaks_off_a_read},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/namespace_cache", tests)
