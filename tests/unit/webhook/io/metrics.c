/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/metrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

static const struct profile_report PROFILES = {
	.count = 3,
	.hash = "0123456789ab",
	.loaded_at = 1700000000,
	.loads = 2,
	.failed_loads = 1,
	.trouble = "a.yaml: line 1",
};

static const struct metrics_state STATE = {
	.version = "1.2",
	.profiles = &PROFILES,
	.is_ready = true,
	.requests_in_flight = 2,
	.worker_restarts = 7,
	.certificate_not_after = 1800000000,
};

static struct metrics *make_metrics(void)
{
	struct metrics *metrics = NULL;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(metrics_new(&metrics, &err), 0);
	return metrics;
}

static char *format(struct metrics *metrics, const struct metrics_state *state)
{
	char *text = NULL;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(metrics_format(metrics, state, &text, &err), 0);
	return text;
}

/* Whether the text has the line. */
static bool has_line(const char *text, const char *line)
{
	char framed[256];

	snprintf(framed, sizeof(framed), "\n%s\n", line);
	return strstr(text, framed) != NULL;
}

static void test_nothing_counted(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();
	CLEANUP(freep) char *text = format(metrics, &STATE);
	static const char *const LINES[] = {
		"# TYPE sidewire_reviews_total counter",
		"# TYPE sidewire_review_duration_seconds histogram",
		"sidewire_review_duration_seconds_bucket{le=\"+Inf\"} 0",
		"sidewire_review_duration_seconds_sum 0.000000000",
		"sidewire_patch_bytes_total 0",
		"sidewire_ready 1",
		"sidewire_requests_in_flight 2",
		"# TYPE sidewire_worker_restarts_total counter",
		"sidewire_worker_restarts_total 7",
		"sidewire_certificate_not_after_seconds 1800000000",
		"sidewire_profiles 3",
		"sidewire_profiles_loaded_seconds 1700000000",
		"sidewire_profiles_broken 1",
		"sidewire_profile_loads_total{result=\"loaded\"} 2",
		"sidewire_profile_loads_total{result=\"failed\"} 1",
		"sidewire_profiles_info{hash=\"0123456789ab\"} 1",
		"sidewire_build_info{version=\"1.2\"} 1",
	};

	for (size_t i = 0; i < sizeof(LINES) / sizeof(*LINES); i++)
		ASSERT_ROW(LINES[i], has_line(text, LINES[i]));
	CU_ASSERT_PTR_NULL(strstr(text, "sidewire_reviews_total{"));
	CU_ASSERT_PTR_NULL(strstr(text, "sidewire_http_errors_total{"));
}

static void test_profiles_that_are_not_broken(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();
	struct profile_report profiles = PROFILES;
	struct metrics_state state = STATE;

	profiles.trouble[0] = '\0';
	state.profiles = &profiles;
	CLEANUP(freep) char *text = format(metrics, &state);
	CU_ASSERT(has_line(text, "sidewire_profiles_broken 0"));
}

static void test_reviews(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();

	metrics_count_review(metrics, "inject", "Enabled", 100 * 1000, 700);
	metrics_count_review(metrics, "inject", "Enabled", 100 * 1000 + 1, 800);
	metrics_count_review(metrics, "skip", "HostNetwork", 5ULL * 1000 * 1000 * 1000, 0);
	CLEANUP(freep) char *text = format(metrics, &STATE);
	static const char *const LINES[] = {
		"sidewire_reviews_total{decision=\"inject\",reason=\"Enabled\"} 2",
		"sidewire_reviews_total{decision=\"skip\",reason=\"HostNetwork\"} 1",
		"sidewire_review_duration_seconds_bucket{le=\"0.0001\"} 1",
		"sidewire_review_duration_seconds_bucket{le=\"0.00025\"} 2",
		"sidewire_review_duration_seconds_bucket{le=\"1\"} 2",
		"sidewire_review_duration_seconds_bucket{le=\"+Inf\"} 3",
		"sidewire_review_duration_seconds_count 3",
		"sidewire_review_duration_seconds_sum 5.000200001",
		"sidewire_patch_bytes_total 1500",
	};

	for (size_t i = 0; i < sizeof(LINES) / sizeof(*LINES); i++)
		ASSERT_ROW(LINES[i], has_line(text, LINES[i]));
}

static void test_http_errors(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();

	metrics_count_http_error(metrics, 413);
	metrics_count_http_error(metrics, 413);
	metrics_count_http_error(metrics, 0);
	metrics_count_http_error(metrics, 100000);
	CLEANUP(freep) char *text = format(metrics, &STATE);
	CU_ASSERT(has_line(text, "sidewire_http_errors_total{status=\"413\"} 2"));
	CU_ASSERT(has_line(text, "sidewire_http_errors_total{status=\"broken off\"} 1"));
}

static void test_tls_failures(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();

	metrics_count_tls_failure(metrics, TLS_FAILURE_HELLO);
	metrics_count_tls_failure(metrics, TLS_FAILURE_HELLO);
	metrics_count_tls_failure(metrics, TLS_FAILURE_SILENT);
	CLEANUP(freep) char *text = format(metrics, &STATE);
	CU_ASSERT(has_line(text, "sidewire_tls_failures_total{after=\"nothing\"} 1"));
	CU_ASSERT(has_line(text, "sidewire_tls_failures_total{after=\"hello\"} 2"));
}

static void test_labels_are_escaped(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();
	struct metrics_state state = STATE;

	state.version = "a\"b\\c\nd";
	metrics_count_review(metrics, "x\"y", "R", 1, 0);
	CLEANUP(freep) char *text = format(metrics, &state);
	CU_ASSERT(has_line(text, "sidewire_build_info{version=\"a\\\"b\\\\c\\nd\"} 1"));
	CU_ASSERT(has_line(text, "sidewire_reviews_total{decision=\"x\\\"y\",reason=\"R\"} 1"));
}

static void test_too_many_outcomes(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();
	static char reasons[METRICS_OUTCOMES_MAX + 5][8];

	for (size_t i = 0; i < METRICS_OUTCOMES_MAX + 5; i++) {
		snprintf(reasons[i], sizeof(reasons[i]), "R%zu", i);
		metrics_count_review(metrics, "skip", reasons[i], 1, 0);
	}
	CLEANUP(freep) char *text = format(metrics, &STATE);
	CU_ASSERT(has_line(text, "sidewire_reviews_total{decision=\"skip\",reason=\"R62\"} 1"));
	CU_ASSERT(has_line(text, "sidewire_reviews_total{decision=\"other\",reason=\"Other\"} 6"));
	CU_ASSERT(has_line(text, "sidewire_review_duration_seconds_count 69"));
}

static void test_cluster(void)
{
	CLEANUP(metrics_freep) struct metrics *metrics = make_metrics();
	const struct cluster_report report = {
		.authority_not_after = 2000000000,
		.bundle_writes = 3,
		.api_failures = 4,
	};
	const struct namespace_report namespaces = {
		.count = 10000, .age_ms = 61007, .reads = 8, .api_failures = 5};
	const struct event_report events = {.sent = 1, .repeated = 22, .dropped = 3, .failed = 4};
	struct metrics_state state = STATE;

	CLEANUP(freep) char *without = format(metrics, &state);
	CU_ASSERT_PTR_NULL(strstr(without, "authority"));
	CU_ASSERT_PTR_NULL(strstr(without, "namespace"));
	state.cluster = &report;
	state.namespaces = &namespaces;
	state.events = &events;
	CLEANUP(freep) char *text = format(metrics, &state);
	CU_ASSERT(has_line(text, "sidewire_authority_not_after_seconds 2000000000"));
	CU_ASSERT(has_line(text, "sidewire_ca_bundle_writes_total 3"));
	CU_ASSERT(has_line(text, "sidewire_kube_api_failures_total 9"));
	CU_ASSERT(has_line(text, "sidewire_namespaces 10000"));
	CU_ASSERT(has_line(text, "sidewire_namespace_cache_age_seconds 61.007"));
	CU_ASSERT(has_line(text, "sidewire_namespace_reads_total 8"));
	CU_ASSERT(has_line(text, "sidewire_events_total{result=\"sent\"} 1"));
	CU_ASSERT(has_line(text, "sidewire_events_total{result=\"repeated\"} 22"));
	CU_ASSERT(has_line(text, "sidewire_events_total{result=\"dropped\"} 3"));
	CU_ASSERT(has_line(text, "sidewire_events_total{result=\"failed\"} 4"));
}

static CU_TestInfo tests[] = {
	{"nothing counted", test_nothing_counted},
	{"profiles that are not broken", test_profiles_that_are_not_broken},
	{"reviews", test_reviews},
	{"HTTP errors", test_http_errors},
	{"TLS failures", test_tls_failures},
	{"labels are escaped", test_labels_are_escaped},
	{"too many outcomes", test_too_many_outcomes},
	{"in a cluster", test_cluster},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/metrics", tests)
