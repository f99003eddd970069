/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/metric_text.h"
#include "common/base/strbuf.h"

/* Upper bounds of the histogram's buckets, and their `le` as Prometheus writes numbers. */
static const struct {
	uint64_t microseconds;
	const char *seconds;
} BUCKETS[] = {
	{100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},
	{2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
	{50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {1000000, "1"},
};

enum {
	BUCKET_COUNT = sizeof(BUCKETS) / sizeof(*BUCKETS),
	STATUS_MAX = 599,
};

struct outcome {
	const char *decision; /* static */
	const char *reason;   /* static */
	uint64_t count;
};

struct metrics {
	pthread_mutex_t mutex; /* guards all of the following */
	struct outcome outcomes[METRICS_OUTCOMES_MAX];
	size_t outcome_count;
	uint64_t buckets[BUCKET_COUNT]; /* of each bucket alone; the text adds them up */
	uint64_t reviews;
	uint64_t nanoseconds;
	uint64_t patch_bytes;
	uint64_t http_errors[STATUS_MAX + 1]; /* by status */
	uint64_t tls_failures[TLS_FAILURE_COUNT];
};

int metrics_new(struct metrics **ret_metrics, struct err *err)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL)
		return err_set(err, ENOMEM, "out of memory");
	pthread_mutex_init(&metrics->mutex, NULL);
	*ret_metrics = metrics;
	return 0;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	pthread_mutex_destroy(&metrics->mutex);
	free(metrics);
}

void metrics_freep(struct metrics **metrics)
{
	metrics_free(*metrics);
}

/* The counter of the pair; the last place is for all pairs that came too late. */
static struct outcome *find_outcome(struct metrics *metrics, const char *decision,
				    const char *reason)
{
	for (size_t i = 0; i < metrics->outcome_count; i++) {
		struct outcome *outcome = &metrics->outcomes[i];
		if (strcmp(outcome->decision, decision) == 0 &&
		    strcmp(outcome->reason, reason) == 0)
			return outcome;
	}
	if (metrics->outcome_count == METRICS_OUTCOMES_MAX)
		return &metrics->outcomes[METRICS_OUTCOMES_MAX - 1];
	struct outcome *outcome = &metrics->outcomes[metrics->outcome_count++];
	bool is_last = metrics->outcome_count == METRICS_OUTCOMES_MAX;
	outcome->decision = is_last ? "other" : decision;
	outcome->reason = is_last ? "Other" : reason;
	return outcome;
}

void metrics_count_review(struct metrics *metrics, const char *decision, const char *reason,
			  uint64_t nanoseconds, size_t patch_bytes)
{
	size_t bucket = 0;

	while (bucket < BUCKET_COUNT && nanoseconds > BUCKETS[bucket].microseconds * 1000)
		bucket++;
	pthread_mutex_lock(&metrics->mutex);
	find_outcome(metrics, decision, reason)->count++;
	if (bucket < BUCKET_COUNT)
		metrics->buckets[bucket]++;
	metrics->reviews++;
	metrics->nanoseconds += nanoseconds;
	metrics->patch_bytes += patch_bytes;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_count_http_error(struct metrics *metrics, unsigned int status)
{
	if (status > STATUS_MAX)
		return;
	pthread_mutex_lock(&metrics->mutex);
	metrics->http_errors[status]++;
	pthread_mutex_unlock(&metrics->mutex);
}

void metrics_count_tls_failure(struct metrics *metrics, enum tls_failure failure)
{
	pthread_mutex_lock(&metrics->mutex);
	metrics->tls_failures[failure]++;
	pthread_mutex_unlock(&metrics->mutex);
}

static void put_reviews(struct strbuf *out, const struct metrics *metrics)
{
	metric_text_head(out, "sidewire_reviews_total", "counter",
			 "Reviews answered, by what became of the pod and why.");
	for (size_t i = 0; i < metrics->outcome_count; i++) {
		const struct outcome *outcome = &metrics->outcomes[i];
		strbuf_puts(out, "sidewire_reviews_total{decision=\"");
		metric_text_label(out, outcome->decision);
		strbuf_puts(out, "\",reason=\"");
		metric_text_label(out, outcome->reason);
		strbuf_printf(out, "\"} %" PRIu64 "\n", outcome->count);
	}
}

static void put_duration(struct strbuf *out, const struct metrics *metrics)
{
	static const char NAME[] = "sidewire_review_duration_seconds";
	uint64_t sum = 0;

	metric_text_head(out, NAME, "histogram",
			 "Time from a whole request body to the answer's body.");
	for (size_t i = 0; i < BUCKET_COUNT; i++) {
		sum += metrics->buckets[i];
		strbuf_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", NAME, BUCKETS[i].seconds,
			      sum);
	}
	strbuf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", NAME, metrics->reviews);
	strbuf_printf(out, "%s_sum %.9f\n", NAME, (double)metrics->nanoseconds / 1e9);
	strbuf_printf(out, "%s_count %" PRIu64 "\n", NAME, metrics->reviews);
}

static void put_http_errors(struct strbuf *out, const struct metrics *metrics)
{
	metric_text_head(out, "sidewire_http_errors_total", "counter",
			 "Requests that were no review or broke off, by HTTP status.");
	for (unsigned int status = 0; status <= STATUS_MAX; status++) {
		if (metrics->http_errors[status] == 0)
			continue;
		if (status == 0)
			strbuf_puts(out, "sidewire_http_errors_total{status=\"broken off\"}");
		else
			strbuf_printf(out, "sidewire_http_errors_total{status=\"%u\"}", status);
		strbuf_printf(out, " %" PRIu64 "\n", metrics->http_errors[status]);
	}
}

static void put_tls_failures(struct strbuf *out, const struct metrics *metrics)
{
	static const char *const AFTER[] = {
		[TLS_FAILURE_SILENT] = "nothing",
		[TLS_FAILURE_HELLO] = "hello",
	};

	metric_text_head(
		out, "sidewire_tls_failures_total", "counter",
		"Connections that ended before their TLS handshake did: after nothing that "
		"begins one (a look at the port), or after a client's hello.");
	for (size_t i = 0; i < TLS_FAILURE_COUNT; i++)
		strbuf_printf(out, "sidewire_tls_failures_total{after=\"%s\"} %" PRIu64 "\n",
			      AFTER[i], metrics->tls_failures[i]);
}

static void put_number(struct strbuf *out, const char *name, const char *type, const char *help,
		       uint64_t value)
{
	metric_text_head(out, name, type, help);
	strbuf_printf(out, "%s %" PRIu64 "\n", name, value);
}

/* A gauge that is always 1: what it says stands in its label. */
static void put_info(struct strbuf *out, const char *name, const char *help, const char *label,
		     const char *value)
{
	metric_text_head(out, name, "gauge", help);
	strbuf_printf(out, "%s{%s=\"", name, label);
	metric_text_label(out, value);
	strbuf_puts(out, "\"} 1\n");
}

static void put_profiles(struct strbuf *out, const struct profile_report *profiles)
{
	put_number(out, "sidewire_profiles", "gauge", "Profiles in force.", profiles->count);
	put_info(out, "sidewire_profiles_info", "Hash of the profiles in force.", "hash",
		 profiles->hash);
	put_number(out, "sidewire_profiles_loaded_seconds", "gauge",
		   "When the profiles in force were loaded, Unix time; 0: there are none.",
		   (uint64_t)profiles->loaded_at);
	put_number(out, "sidewire_profiles_broken", "gauge",
		   "1 while the stored profiles cannot be loaded, and those before stay in force.",
		   profiles->trouble[0] != '\0');
	metric_text_head(out, "sidewire_profile_loads_total", "counter",
			 "Attempts to load the stored profiles, by what became of them.");
	strbuf_printf(out, "sidewire_profile_loads_total{result=\"loaded\"} %" PRIu64 "\n",
		      profiles->loads);
	strbuf_printf(out, "sidewire_profile_loads_total{result=\"failed\"} %" PRIu64 "\n",
		      profiles->failed_loads);
}

static void put_state(struct strbuf *out, const struct metrics_state *state)
{
	put_number(out, "sidewire_ready", "gauge", "Whether /readyz says so.", state->is_ready);
	put_number(out, "sidewire_requests_in_flight", "gauge",
		   "Requests that have begun and not ended.", state->requests_in_flight);
	put_number(out, "sidewire_worker_restarts_total", "counter",
		   "Processes that served, were killed by a signal, and replaced.",
		   state->worker_restarts);
	put_number(out, "sidewire_certificate_not_after_seconds", "gauge",
		   "End of the serving certificate, Unix time.",
		   (uint64_t)state->certificate_not_after);
	put_profiles(out, state->profiles);
	put_info(out, "sidewire_build_info", "The program's version.", "version", state->version);
}

static void put_namespaces(struct strbuf *out, const struct namespace_report *namespaces)
{
	static const char AGE[] = "sidewire_namespace_cache_age_seconds";

	put_number(out, "sidewire_namespaces", "gauge", "Namespaces that are known.",
		   namespaces->count);
	metric_text_head(
		out, AGE, "gauge",
		"Time since the API server was last heard of namespaces. Above 300 each is "
		"read before it is answered for.");
	strbuf_printf(out, "%s %lld.%03lld\n", AGE, namespaces->age_ms / 1000,
		      namespaces->age_ms % 1000);
	put_number(out, "sidewire_namespace_reads_total", "counter",
		   "Namespaces read one by one, since they were not known when a pod was made.",
		   namespaces->reads);
}

static void put_events(struct strbuf *out, const struct event_report *events)
{
	const struct {
		const char *result;
		uint64_t count;
	} RESULTS[] = {
		{"sent", events->sent},
		{"repeated", events->repeated},
		{"dropped", events->dropped},
		{"failed", events->failed},
	};

	metric_text_head(out, "sidewire_events_total", "counter",
			 "Events about pods that were refused or passed over, by what became of "
			 "them; repeated: not sent, since the same was within ten minutes.");
	for (size_t i = 0; i < sizeof(RESULTS) / sizeof(*RESULTS); i++)
		strbuf_printf(out, "sidewire_events_total{result=\"%s\"} %" PRIu64 "\n",
			      RESULTS[i].result, RESULTS[i].count);
}

static void put_cluster(struct strbuf *out, const struct metrics_state *state)
{
	const struct cluster_report *cluster = state->cluster;

	put_number(out, "sidewire_authority_not_after_seconds", "gauge",
		   "End of the authority that signs serving certificates, Unix time.",
		   (uint64_t)cluster->authority_not_after);
	put_number(out, "sidewire_ca_bundle_writes_total", "counter",
		   "Patches that put authorities into caBundles.", cluster->bundle_writes);
	put_number(out, "sidewire_kube_api_failures_total", "counter",
		   "Calls and watches that the API server did not answer, or refused.",
		   cluster->api_failures + state->namespaces->api_failures);
	put_namespaces(out, state->namespaces);
	put_events(out, state->events);
}

int metrics_format(struct metrics *metrics, const struct metrics_state *state, char **ret_text,
		   struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	pthread_mutex_lock(&metrics->mutex);
	put_reviews(&text, metrics);
	put_duration(&text, metrics);
	put_number(&text, "sidewire_patch_bytes_total", "counter", "Bytes of all JSON patches.",
		   metrics->patch_bytes);
	put_http_errors(&text, metrics);
	put_tls_failures(&text, metrics);
	pthread_mutex_unlock(&metrics->mutex);
	put_state(&text, state);
	if (state->cluster != NULL)
		put_cluster(&text, state);
	return strbuf_finish(&text, ret_text, err);
}
