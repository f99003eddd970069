/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/cluster_api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "webhook/core/pod_shape.h"
#include "webhook/io/authority_secret.h"

#define CONFIGURATIONS "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
#define FIELD_MANAGER "sidewire-webhook-cabundle"

/* "/api/v1/namespaces/NAMESPACE/COLLECTION", and "/NAME" unless that is NULL. */
static int make_path(const char *namespace_name, const char *collection, const char *name,
		     char **ret_path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;

	strbuf_printf(&path, "/api/v1/namespaces/%s/%s", namespace_name, collection);
	if (name != NULL)
		strbuf_printf(&path, "/%s", name);
	return strbuf_finish(&path, ret_path, err);
}

int cluster_api_watch(struct kube_client *client, const char *namespace_name,
		      kube_watch_handler *handler, void *secret_context,
		      void *configuration_context, struct err *err)
{
	CLEANUP(freep) char *path = NULL;
	int r = make_path(namespace_name, "secrets", NULL, &path, err);

	if (r < 0)
		return r;
	const struct kube_watch_request secret = {
		.collection = path,
		.selector = "fieldSelector=metadata.name%3D" AUTHORITY_SECRET,
		.handler = handler,
		.context = secret_context,
	};
	const struct kube_watch_request configuration = {
		.collection = CONFIGURATIONS,
		.selector = "fieldSelector=metadata.name%3D" CLUSTER_CONFIGURATION,
		.handler = handler,
		.context = configuration_context,
	};
	r = kube_client_watch(client, &secret, err);
	return r == 0 ? kube_client_watch(client, &configuration, err) : r;
}

/* What a reply other than 2xx means; the server says why in a Status. */
static int refused(const struct kube_request *request, const struct kube_reply *reply,
		   struct err *err)
{
	const char *message = json_string_value(json_object_get(reply->object, "message"));
	bool is_patch = strcmp(request->method, "PATCH") == 0;
	bool is_put = strcmp(request->method, "PUT") == 0;
	/* 409: the resourceVersion is not the one. 422: a test of the patch does not hold. 404: the
	 * object that was seen is gone. */
	bool is_conflict = reply->status == 409 || (reply->status == 422 && is_patch) ||
			   (reply->status == 404 && (is_patch || is_put));

	return err_set(err, is_conflict ? EAGAIN : EPERM,
		       "the API server refused a %s (HTTP status %ld)%s%s", request->method,
		       reply->status, message != NULL ? ": " : "", message != NULL ? message : "");
}

/* Makes the call. The caller owns *ret_object, which the API server answered with a 2xx. */
static int call(struct kube_client *client, const struct kube_request *request, json_t **ret_object,
		struct err *err)
{
	CLEANUP(kube_reply_release) struct kube_reply reply = {0};
	int r = kube_client_call(client, request, &reply, err);

	if (r < 0)
		return r;
	if (reply.status < 200 || reply.status > 299)
		return refused(request, &reply, err);
	if (reply.object == NULL)
		return err_set(err, EPERM, "%s %s: the answer is no JSON object", request->method,
			       request->path);
	*ret_object = TAKE(reply.object);
	return 0;
}

int cluster_api_image(struct kube_client *client, const char *namespace_name, const char *pod_name,
		      char **ret_image, struct err *err)
{
	CLEANUP(freep) char *path = NULL;
	json_auto_t *pod = NULL;
	int r = make_path(namespace_name, "pods", pod_name, &path, err);

	if (r < 0)
		return r;
	const struct kube_request request = {"GET", path, NULL, NULL};
	r = call(client, &request, &pod, err);
	if (r < 0)
		return r;
	const char *image =
		json_string_value(json_object_get(pod_container(pod, CLUSTER_CONTAINER), "image"));
	if (image == NULL)
		return err_set(err, ENOENT, "pod %s has no container '" CLUSTER_CONTAINER "'",
			       pod_name);
	*ret_image = strdup(image);
	return *ret_image != NULL ? 0 : err_set(err, ENOMEM, "out of memory");
}

int cluster_api_write_secret(struct kube_client *client, const char *namespace_name,
			     const json_t *before, const struct issued_certificate *pair,
			     struct err *err)
{
	CLEANUP(freep) char *path = NULL;
	json_auto_t *secret = NULL;
	json_auto_t *stored = NULL;
	int r = make_path(namespace_name, "secrets", before != NULL ? AUTHORITY_SECRET : NULL,
			  &path, err);

	if (r == 0)
		r = authority_secret_make(before, namespace_name, pair, &secret, err);
	if (r < 0)
		return r;
	const struct kube_request request = {before != NULL ? "PUT" : "POST", path, NULL, secret};
	return call(client, &request, &stored, err);
}

int cluster_api_patch(struct kube_client *client, json_t *patch, struct err *err)
{
	json_auto_t *stored = NULL;
	const struct kube_request request = {
		"PATCH", CONFIGURATIONS "/" CLUSTER_CONFIGURATION "?fieldManager=" FIELD_MANAGER,
		"application/json-patch+json", patch};

	return call(client, &request, &stored, err);
}
