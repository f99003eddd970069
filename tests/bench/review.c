/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers one review again and again, in this process and without a network: where its time goes.
 * bench-review PROFILES COUNT < REVIEW prints a line for each time, fields parted by tabs:
 * nanoseconds of the processor for decoding, injecting, the diff of it once more by itself,
 * encoding, releasing; then how often memory was allocated, but for that diff.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/parse_num.h"
#include "common/io/file_read.h"
#include "webhook/core/admission_review.h"
#include "webhook/core/json_diff.h"
#include "webhook/io/profile_store.h"

enum stage {
	STAGE_DECODE,
	STAGE_INJECT,
	STAGE_DIFF,
	STAGE_ENCODE,
	STAGE_RELEASE,
	STAGE_COUNT,
};

enum {
	NANOSECONDS_PER_SECOND = 1000000000,
	COUNT_MAX = 1000000,
};

struct stopwatch {
	int64_t last_ns;
	int64_t stages_ns[STAGE_COUNT];
};

/* Allocations since the start: ours, which the linker hands to us (see the Makefile), and
 * jansson's. */
static long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	allocations++;
	return __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	allocations++;
	return __real_strdup(text);
}

static int64_t processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

/* What has passed since the last lap was this stage. */
static void lap(struct stopwatch *stopwatch, enum stage stage)
{
	int64_t now_ns = processor_ns();

	stopwatch->stages_ns[stage] = now_ns - stopwatch->last_ns;
	stopwatch->last_ns = now_ns;
}

/* What inject() did too, by itself, and not counted. */
static int diff_again(json_t *before, json_t *after, struct err *err)
{
	json_auto_t *patch = NULL;
	long counted = allocations;
	int r = json_diff(before, after, &patch, err);

	allocations = counted;
	return r;
}

static int answer(const struct profile_set *profiles, const char *body, size_t length,
		  struct stopwatch *stopwatch, struct err *err)
{
	const struct inject_options options = {.default_profiles = "envoy"};
	struct admission_request request;
	struct inject_result result;
	struct admission_response response = {0};

	stopwatch->last_ns = processor_ns();
	int r = admission_request_decode(body, length, &request, err);
	if (r < 0)
		return r;
	lap(stopwatch, STAGE_DECODE);
	const struct inject_question question = {
		.operation = request.operation,
		.resource = request.resource,
		.subresource = request.subresource,
		.namespace_name = request.namespace_name,
		.namespace_label = "enabled",
		.own_namespace = "sidewire-system",
		.pod = request.object,
	};
	r = inject(&question, profiles, &options, &result, err);
	lap(stopwatch, STAGE_INJECT);
	if (r == 0)
		r = diff_again(request.object, result.pod, err);
	lap(stopwatch, STAGE_DIFF);
	if (r == 0)
		r = admission_response_encode(request.uid, &result, &response, err);
	lap(stopwatch, STAGE_ENCODE);
	free(response.body);
	inject_result_release(&result);
	admission_request_release(&request);
	lap(stopwatch, STAGE_RELEASE);
	return r;
}

static int run(const char *directory, const char *count_text, struct err *err)
{
	CLEANUP(profile_set_release) struct profile_set profiles = {0};
	CLEANUP(freep) char *body = NULL;
	struct stopwatch stopwatch = {0};
	uint32_t count = 0;
	size_t length = 0;
	int r = parse_u32(count_text, strlen(count_text), 1, COUNT_MAX, &count, err);

	if (r == 0)
		r = profile_store_load(directory, &profiles, err);
	if (r == 0)
		r = file_read_fd(STDIN_FILENO, ADMISSION_REVIEW_SIZE_MAX, &body, &length, err);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		allocations = 0;
		r = answer(&profiles, body, length, &stopwatch, err);
		for (int stage = 0; stage < STAGE_COUNT; stage++)
			printf("%lld\t", (long long)stopwatch.stages_ns[stage]);
		printf("%ld\n", allocations);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct err err = {0};

	if (argc != 3) {
		fputs("usage: bench-review PROFILES COUNT < REVIEW\n", stderr);
		return 2;
	}
	json_set_alloc_funcs(__wrap_malloc, free);
	if (run(argv[1], argv[2], &err) < 0) {
		fprintf(stderr, "bench-review: %s\n", err.msg);
		return 1;
	}
	return 0;
}
