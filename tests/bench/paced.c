/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Posts a file at a steady rate, whether the answers keep up or not, and tells how late each answer
 * was. bench-paced URL FILE CONNECTIONS RATE SECONDS prints a line for each request: nanoseconds
 * from the moment at which it was due, be it sent or still waiting for the one before on its
 * connection, to the end of its answer. Certificates are not looked at. Ends with 1 when a request
 * fails.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/parse_num.h"
#include "common/io/file_read.h"

enum {
	NANOSECONDS_PER_SECOND = 1000000000,
	CONNECTIONS_MAX = 100,
	RATE_MAX = 100000,
	SECONDS_MAX = 600,
	FILE_SIZE_MAX = 8 * 1024 * 1024,
};

struct load {
	const char *url;
	char *body;
	size_t body_length;
	uint32_t connections;
	uint32_t rate; /* requests a second, of all connections together */
	uint32_t seconds;
	pthread_barrier_t *is_connected; /* all of them */
};

/* One connection, with a thread of its own. */
struct lane {
	const struct load *load;
	uint32_t number; /* from 0; its requests are every load->connections'th */
	uint32_t count;
	int64_t *late_ns; /* of each request; owned */
	bool is_failed;
	pthread_t thread;
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

static void sleep_until(int64_t due_ns)
{
	const struct timespec due = {due_ns / NANOSECONDS_PER_SECOND,
				     due_ns % NANOSECONDS_PER_SECOND};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static size_t discard(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

/* Returns whether that went well, and says so if it did not. */
static bool post(CURL *curl)
{
	long status = 0;
	CURLcode code = curl_easy_perform(curl);

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK || status != 200)
		fprintf(stderr, "bench-paced: %s, status %ld\n", curl_easy_strerror(code), status);
	return code == CURLE_OK && status == 200;
}

static void set_up(CURL *curl, const struct load *load, const struct curl_slist *headers)
{
	curl_easy_setopt(curl, CURLOPT_URL, load->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, load->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)load->body_length);
	/* Else each connection reads this machine's authorities. */
	curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
}

/* All connections are made before the clock begins to run. */
static void *run_lane(void *context)
{
	struct lane *lane = context;
	const struct load *load = lane->load;
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = curl_easy_init();

	set_up(curl, load, headers);
	lane->is_failed = !post(curl);
	pthread_barrier_wait(load->is_connected);
	int64_t begin_ns = monotonic_ns();
	for (uint32_t i = 0; i < lane->count && !lane->is_failed; i++) {
		int64_t place = (int64_t)i * load->connections + lane->number;
		int64_t due_ns = begin_ns + place * NANOSECONDS_PER_SECOND / load->rate;

		sleep_until(due_ns);
		lane->is_failed = !post(curl);
		lane->late_ns[i] = monotonic_ns() - due_ns;
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return NULL;
}

/* Returns whether there is a thread for it. */
static bool start(struct lane *lane, const struct load *load, uint32_t number)
{
	*lane = (struct lane){.load = load,
			      .number = number,
			      .count = load->rate * load->seconds / load->connections};
	lane->late_ns = calloc(lane->count + 1, sizeof(*lane->late_ns));
	return pthread_create(&lane->thread, NULL, run_lane, lane) == 0;
}

/* Waits for the lane's end, and prints. Returns whether all went well. */
static bool finish(struct lane *lane)
{
	pthread_join(lane->thread, NULL);
	for (uint32_t i = 0; i < lane->count && !lane->is_failed; i++)
		printf("%lld\n", (long long)lane->late_ns[i]);
	free(lane->late_ns);
	return !lane->is_failed;
}

static int parse(char **argv, struct load *load, struct err *err)
{
	int r = parse_u32(argv[3], strlen(argv[3]), 1, CONNECTIONS_MAX, &load->connections, err);

	if (r == 0)
		r = parse_u32(argv[4], strlen(argv[4]), 1, RATE_MAX, &load->rate, err);
	if (r == 0)
		r = parse_u32(argv[5], strlen(argv[5]), 1, SECONDS_MAX, &load->seconds, err);
	load->url = argv[1];
	return r;
}

int main(int argc, char **argv)
{
	static struct lane lanes[CONNECTIONS_MAX];
	pthread_barrier_t is_connected;
	struct load load = {.is_connected = &is_connected};
	struct err err = {0};
	bool is_well = true;

	if (argc != 6) {
		fputs("usage: bench-paced URL FILE CONNECTIONS RATE SECONDS\n", stderr);
		return 2;
	}
	if (parse(argv, &load, &err) < 0 ||
	    file_read_path(argv[2], FILE_SIZE_MAX, &load.body, &load.body_length, &err) < 0) {
		fprintf(stderr, "bench-paced: %s\n", err.msg);
		return 1;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_barrier_init(&is_connected, NULL, load.connections);
	for (uint32_t i = 0; i < load.connections; i++) {
		if (!start(&lanes[i], &load, i)) {
			fputs("bench-paced: no thread\n", stderr);
			return 1;
		}
	}
	for (uint32_t i = 0; i < load.connections; i++)
		is_well &= finish(&lanes[i]);
	free(load.body);
	return is_well ? 0 : 1;
}
