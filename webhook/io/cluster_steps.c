/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/cluster_steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/io/log.h"
#include "webhook/io/cluster_api.h"
#include "webhook/io/trust.h"

enum { LEAF_NAME_COUNT = 4 };

/* The name that API servers look for in our certificate. The caller frees *ret_name. */
static int make_host_name(const struct cluster *cluster, const char *suffix, char **ret_name,
			  struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf name = STRBUF_INIT;

	strbuf_printf(&name, CLUSTER_SERVICE ".%s%s", cluster->namespace_name, suffix);
	return strbuf_finish(&name, ret_name, err);
}

static void log_step(const char *msg, const char *detail, time_t not_after)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, msg);
	log_text(&line, "detail", detail);
	if (not_after != 0)
		log_number(&line, "not_after", (long long)not_after);
	log_end(&line);
}

void cluster_release(struct cluster *cluster)
{
	json_decref(cluster->secret.object);
	json_decref(cluster->configuration.object);
	authority_release(&cluster->authority);
	issued_certificate_release(&cluster->leaf);
	free(cluster->leaf_authority);
	ca_formers_release(&cluster->formers);
	free(cluster->image);
}

static void set_view(struct cluster_view *view, json_t *object)
{
	json_decref(view->object);
	view->object = json_incref(object);
	view->is_known = true;
}

void cluster_note(void *context, enum kube_watch_event event, json_t *object)
{
	if (event == KUBE_WATCH_LISTED)
		set_view(context, json_array_get(object, 0));
	else
		set_view(context, event == KUBE_WATCH_DELETED ? NULL : object);
}

/* Takes over what was read from the Secret. */
static void take_authority(struct cluster *cluster, struct authority *found)
{
	const char *before = cluster->authority.pair.certificate;

	if (before == NULL || strcmp(before, found->pair.certificate) != 0) {
		cluster->trusted_since = 0;
		log_step("authority in force", "read from the Secret " AUTHORITY_SECRET,
			 found->validity.not_after);
	}
	authority_release(&cluster->authority);
	cluster->authority = *found;
	*found = (struct authority){0};
}

/* Makes an authority and writes it into the Secret; from there it is read like any other. */
static int write_authority(struct cluster *cluster, time_t now, const char *reason, struct err *err)
{
	CLEANUP(issued_certificate_release) struct issued_certificate pair = {0};
	int r = issue_authority(AUTHORITY_VALIDITY_SECONDS, &pair, err);

	if (r == 0)
		r = cluster_api_write_secret(cluster->client, cluster->namespace_name,
					     cluster->secret.object, &pair, err);
	if (r < 0)
		return r;
	cluster->authority_made = now;
	log_step("authority made", reason, 0);
	return 0;
}

int cluster_step_authority(struct cluster *cluster, time_t now, struct err *err)
{
	CLEANUP(authority_release) struct authority found = {0};
	struct authority_state state = {
		.is_there = cluster->secret.object != NULL,
		.made = cluster->authority_made,
	};
	struct err unusable = {.msg = "the one before is near its end, or has not begun"};
	int r = 0;

	if (!cluster->secret.is_known)
		return 0;
	if (state.is_there)
		r = authority_secret_read(cluster->secret.object, &found, &unusable);
	if (r == -ENOMEM)
		return err_set(err, ENOMEM, "out of memory");
	state.is_usable = state.is_there && r == 0;
	state.validity = found.validity;
	if (state.is_usable)
		take_authority(cluster, &found);
	switch (authority_decide(&state, now)) {
	case AUTHORITY_CREATE:
		return write_authority(cluster, now, "there was no Secret", err);
	case AUTHORITY_REPLACE:
		return write_authority(cluster, now, unusable.msg, err);
	case AUTHORITY_KEEP:
		break;
	}
	return 0;
}

/* A certificate for the Service's names, signed by the authority. */
static int issue(const struct cluster *cluster, struct issued_certificate *ret_leaf,
		 struct err *err)
{
	CLEANUP(freep) char *namespaced = NULL;
	CLEANUP(freep) char *service = NULL;
	CLEANUP(freep) char *whole = NULL;
	int r = make_host_name(cluster, "", &namespaced, err);

	if (r == 0)
		r = make_host_name(cluster, ".svc", &service, err);
	if (r == 0)
		r = make_host_name(cluster, ".svc.cluster.local", &whole, err);
	if (r < 0)
		return r;
	const char *const names[LEAF_NAME_COUNT] = {CLUSTER_SERVICE, namespaced, service, whole};
	const struct issue_request request = {names, LEAF_NAME_COUNT, LEAF_VALIDITY_SECONDS};
	return issue_leaf(&cluster->authority.pair, &request, ret_leaf, err);
}

/* Takes the leaf over and serves it. */
static int serve(struct cluster *cluster, struct issued_certificate *leaf, struct err *err)
{
	CLEANUP(freep) char *signer = strdup(cluster->authority.pair.certificate);
	struct certificate *certificate;

	if (signer == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = certificate_from_pem(leaf->certificate, strlen(leaf->certificate), leaf->key,
				     strlen(leaf->key), &certificate, err);
	if (r != 0)
		return r;
	time_t not_after = certificate_not_after(certificate);
	certificate_slot_replace(cluster->certificates, certificate);
	issued_certificate_release(&cluster->leaf);
	cluster->leaf = *leaf;
	*leaf = (struct issued_certificate){0};
	free(cluster->leaf_authority);
	cluster->leaf_authority = TAKE(signer);
	cluster->leaf_validity.not_after = not_after;
	log_step("serving certificate issued", NULL, not_after);
	return 0;
}

int cluster_step_leaf(struct cluster *cluster, time_t now, struct err *err)
{
	const char *authority = cluster->authority.pair.certificate;
	struct leaf_state state = {
		.is_there = cluster->leaf.certificate != NULL,
		.is_of_authority = authority != NULL && cluster->leaf_authority != NULL &&
				   strcmp(authority, cluster->leaf_authority) == 0,
		.validity = cluster->leaf_validity,
		.trusted_since = cluster->trusted_since,
	};
	CLEANUP(issued_certificate_release) struct issued_certificate leaf = {0};

	if (authority == NULL || !leaf_should_be_issued(&state, now))
		return 0;
	int r = issue(cluster, &leaf, err);
	if (r == 0)
		r = serve(cluster, &leaf, err);
	if (r == 0)
		cluster->leaf_validity.not_before = now - ISSUE_BACKDATE_SECONDS;
	return r;
}

/* The webhook entries of the configuration as last seen, and their caBundles. */
struct entries {
	const char *names[CA_ENTRIES_MAX]; /* borrowed from the configuration */
	struct ca_bundle bundles[CA_ENTRIES_MAX];
	size_t count;
};

static void entries_release(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		ca_bundle_release(&entries->bundles[i]);
}

static int read_entries(const json_t *configuration, struct entries *entries, struct err *err)
{
	json_t *webhooks = json_object_get(configuration, "webhooks");
	json_t *webhook;
	size_t index;

	if (json_array_size(webhooks) > CA_ENTRIES_MAX)
		return err_set(err, EINVAL, "more than %d webhook entries", CA_ENTRIES_MAX);
	json_array_foreach(webhooks, index, webhook) {
		const char *name = json_string_value(json_object_get(webhook, "name"));
		json_t *client = json_object_get(webhook, "clientConfig");
		int r = trust_read(json_string_value(json_object_get(client, "caBundle")),
				   &entries->bundles[index], err);
		if (r < 0)
			return r;
		entries->names[index] = name != NULL ? name : "";
		entries->count = index + 1;
	}
	return 0;
}

/* Writes the patch, but not twice in a second: somebody else may insist too. */
static int write_bundles(struct cluster *cluster, time_t now, json_t *patch, struct err *err)
{
	cluster->is_held_back = now == cluster->last_write;
	if (cluster->is_held_back)
		return 0;
	int r = cluster_api_patch(cluster->client, patch, err);
	if (r < 0)
		return r;
	cluster->last_write = now;
	cluster->bundle_writes++;
	log_step("caBundle written", "configuration " CLUSTER_CONFIGURATION, 0);
	return 0;
}

int cluster_step_bundle(struct cluster *cluster, time_t now, struct err *err)
{
	CLEANUP(entries_release) struct entries entries = {.count = 0};
	const json_t *configuration = cluster->configuration.object;
	const json_t *metadata = json_object_get(configuration, "metadata");
	json_auto_t *patch = NULL;
	struct ca_bundle_question question = {
		.in_force = entries.bundles,
		.resource_version = json_string_value(json_object_get(metadata, "resourceVersion")),
		.authority = cluster->authority.pair.certificate,
		.served = cluster->leaf_authority,
	};

	cluster->is_held_back = false;
	if (question.resource_version == NULL || question.authority == NULL ||
	    question.served == NULL)
		return 0;
	int r = read_entries(configuration, &entries, err);
	if (r < 0)
		return r;
	question.entry_count = entries.count;
	if (!ca_bundle_is_trusted(&question, question.authority))
		cluster->trusted_since = 0;
	else if (cluster->trusted_since == 0)
		cluster->trusted_since = now;
	r = ca_bundle_decide(&question, now, &cluster->formers, &patch, err);
	return r == 0 && patch != NULL ? write_bundles(cluster, now, patch, err) : r;
}

int cluster_step_image(struct cluster *cluster, struct err *err)
{
	/* Before the watch was answered, nor would a call be. */
	if (atomic_load(cluster->gate_image) != NULL || !cluster->secret.is_known)
		return 0;
	int r = cluster_api_image(cluster->client, cluster->namespace_name, cluster->pod_name,
				  &cluster->image, err);
	if (r < 0)
		return r;
	atomic_store(cluster->gate_image, cluster->image);
	log_step("image of the gate known", cluster->image, 0);
	return 0;
}

static int check_entries(const struct cluster *cluster, const struct entries *entries,
			 struct err *err)
{
	CLEANUP(freep) char *host = NULL;
	int r = make_host_name(cluster, ".svc", &host, err);

	if (r == 0 && entries->count == 0)
		r = err_set(err, EINVAL,
			    "the MutatingWebhookConfiguration '" CLUSTER_CONFIGURATION
			    "' has no webhook entry");
	for (size_t i = 0; r == 0 && i < entries->count; i++) {
		r = trust_verify(&entries->bundles[i], cluster->leaf.certificate, host, err);
		if (r == -EINVAL)
			r = err_wrap(err,
				     "the caBundle of webhook entry '%.100s' does not verify "
				     "the serving certificate",
				     entries->names[i]);
	}
	return r;
}

int cluster_check(const struct cluster *cluster, struct err *err)
{
	CLEANUP(entries_release) struct entries entries = {.count = 0};

	if (!cluster->secret.is_known)
		return err_set(err, EINVAL, "the Secret '" AUTHORITY_SECRET "' was not read yet");
	if (cluster->leaf.certificate == NULL)
		return err_set(err, EINVAL, "there is no authority for a serving certificate yet");
	if (!cluster->configuration.is_known)
		return err_set(err, EINVAL,
			       "the MutatingWebhookConfiguration '" CLUSTER_CONFIGURATION
			       "' was not read yet");
	if (cluster->configuration.object == NULL)
		return err_set(err, EINVAL,
			       "there is no MutatingWebhookConfiguration '" CLUSTER_CONFIGURATION
			       "'");
	int r = read_entries(cluster->configuration.object, &entries, err);
	if (r == 0)
		r = check_entries(cluster, &entries, err);
	if (r == 0 && atomic_load(cluster->gate_image) == NULL)
		r = err_set(err, EINVAL, "the image of the own pod is not known yet");
	return r;
}
