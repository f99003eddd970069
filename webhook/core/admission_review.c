/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/admission_review.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"

#define API_VERSION "admission.k8s.io/v1"
#define KIND "AdmissionReview"

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Reads a text that is "" when it is absent. */
static int read_text(const json_t *parent, const char *key, const char **ret_text, struct err *err)
{
	const char *text = NULL;
	int r = json_read_string(parent, key, &text, err);

	if (r == 0)
		*ret_text = text != NULL ? text : "";
	return r;
}

static int check_constant(const json_t *review, const char *key, const char *expected,
			  struct err *err)
{
	const char *found = NULL;
	int r = read_text(review, key, &found, err);

	if (r == 0 && strcmp(found, expected) != 0)
		r = err_set(err, EINVAL, "'%s' must be %s, found '%.64s'", key, expected, found);
	return r;
}

/* Reads `resource`, a GroupVersionResource. */
static int read_resource(const json_t *request, const char **ret_resource, struct err *err)
{
	json_t *resource = NULL;
	const char *group = "";
	const char *version = "";
	const char *name = "";
	int r = json_read_object(request, "resource", &resource, err);

	if (r == 0)
		r = read_text(resource, "group", &group, err);
	if (r == 0)
		r = read_text(resource, "version", &version, err);
	if (r == 0)
		r = read_text(resource, "resource", &name, err);
	if (r == 0)
		*ret_resource = *group == '\0' && strcmp(version, "v1") == 0 ? name : "";
	return r;
}

/* Of the pod only what it is called; its shape is the decision's matter. */
static void read_object(const json_t *request, struct admission_request *ret_request)
{
	json_t *object = json_object_get(request, "object");
	json_t *metadata = json_object_get(object, "metadata");
	const char *name = json_string_value(json_object_get(metadata, "name"));
	const char *generate_name = json_string_value(json_object_get(metadata, "generateName"));

	ret_request->object = json_is_null(object) ? NULL : object;
	ret_request->generate_name = generate_name != NULL ? generate_name : "";
	if (*ret_request->name == '\0' && name != NULL)
		ret_request->name = name;
}

static int read_request(const json_t *review, struct admission_request *ret_request,
			struct err *err)
{
	json_t *request = NULL;
	int r = json_read_object(review, "request", &request, err);

	if (r == 0 && request == NULL)
		return err_set(err, EINVAL, "'request' is missing");
	if (r == 0)
		r = read_text(request, "uid", &ret_request->uid, err);
	if (r == 0 && *ret_request->uid == '\0')
		r = err_set(err, EINVAL, "'uid' is missing");
	if (r == 0)
		r = read_text(request, "operation", &ret_request->operation, err);
	if (r == 0)
		r = read_resource(request, &ret_request->resource, err);
	if (r == 0)
		r = read_text(request, "subResource", &ret_request->subresource, err);
	if (r == 0)
		r = read_text(request, "namespace", &ret_request->namespace_name, err);
	if (r == 0)
		r = read_text(request, "name", &ret_request->name, err);
	if (r == 0)
		r = json_read_boolean(request, "dryRun", &ret_request->is_dry_run, err);
	if (r == 0)
		read_object(request, ret_request);
	return r;
}

/*
 * How many values a JSON text has, within one a nesting: each but the first follows a comma or
 * begins an array or an object. Counted before anything is allocated, since a value of two bytes
 * becomes some hundred in memory.
 */
static size_t count_values(const char *text, size_t length)
{
	bool is_in_string = false;
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"')
			is_in_string = !is_in_string;
		else if (text[i] == '\\' && is_in_string)
			i++;
		else if (!is_in_string && (text[i] == ',' || text[i] == '[' || text[i] == '{'))
			count++;
	}
	return count;
}

int admission_request_decode(const char *body, size_t length, struct admission_request *ret_request,
			     struct err *err)
{
	CLEANUP(admission_request_release) struct admission_request request = {0};
	int r;

	if (length > ADMISSION_REVIEW_SIZE_MAX)
		return err_set(err, E2BIG, "the review has %zu bytes, at most %d are read", length,
			       ADMISSION_REVIEW_SIZE_MAX);
	if (count_values(body, length) > ADMISSION_REVIEW_VALUES_MAX)
		return err_set(err, E2BIG, "the review has more than %d values",
			       ADMISSION_REVIEW_VALUES_MAX);
	r = json_read_text(body, length, &request.review, err);
	if (r == 0)
		r = check_constant(request.review, "apiVersion", API_VERSION, err);
	if (r == 0)
		r = check_constant(request.review, "kind", KIND, err);
	if (r == 0)
		r = read_request(request.review, &request, err);
	if (r < 0)
		return r == -ENOMEM ? r : err_wrap(err, "this is no AdmissionReview");
	*ret_request = request;
	request = (struct admission_request){0};
	return 0;
}

void admission_request_release(struct admission_request *request)
{
	json_decref(request->review);
	*request = (struct admission_request){0};
}

/* The patch as the API server wants it: JSON, then base64. A new reference, NULL without memory. */
static json_t *encode_patch(const json_t *patch)
{
	CLEANUP(freep) char *text = json_dumps(patch, JSON_COMPACT);

	if (text == NULL)
		return NULL;
	size_t length = strlen(text);
	CLEANUP(freep) char *encoded = malloc(BASE64_ENCODE_RAW_LENGTH(length));
	if (encoded == NULL)
		return NULL;
	base64_encode_raw(encoded, length, (const uint8_t *)text);
	return json_stringn(encoded, BASE64_ENCODE_RAW_LENGTH(length));
}

static int add(json_t *response, const char *key, json_t *taken)
{
	/* _new takes the value, and fails for NULL. */
	return json_object_set_new(response, key, taken);
}

static int add_patch(json_t *response, const struct inject_result *result)
{
	if (json_array_size(result->patch) == 0)
		return 0;
	if (add(response, "patchType", json_string("JSONPatch")) < 0)
		return -1;
	return add(response, "patch", encode_patch(result->patch));
}

static int add_warnings(json_t *response, const struct inject_result *result)
{
	json_auto_t *warnings = json_array();

	if (result->warning_count == 0)
		return 0;
	for (size_t i = 0; i < result->warning_count; i++) {
		if (json_array_append_new(warnings, json_string(result->warnings[i])) < 0)
			return -1;
	}
	return json_object_set(response, "warnings", warnings);
}

static int add_audit(json_t *response, const struct inject_result *result)
{
	const struct inject_decision *decision = &result->decision;
	json_t *audit =
		json_pack("{s:s, s:s, s:s*}", "decision", inject_verdict_name(decision->verdict),
			  "reason", decision->reason, "profiles", result->profiles);

	return add(response, "auditAnnotations", audit);
}

static int add_status(json_t *response, const struct inject_result *result)
{
	const struct inject_decision *decision = &result->decision;

	if (decision->verdict != INJECT_DENY)
		return 0;
	return add(response, "status",
		   json_pack("{s:i, s:s}", "code", result->status, "message", decision->sentence));
}

int admission_response_encode(const char *uid, const struct inject_result *result, char **ret_body,
			      size_t *ret_length, struct err *err)
{
	bool is_allowed = result->decision.verdict != INJECT_DENY;
	json_auto_t *response = json_pack("{s:s, s:b}", "uid", uid, "allowed", is_allowed);
	json_auto_t *review = json_pack("{s:s, s:s, s:O}", "apiVersion", API_VERSION, "kind", KIND,
					"response", response);

	if (review == NULL || add_patch(response, result) < 0 || add_status(response, result) < 0 ||
	    add_warnings(response, result) < 0 || add_audit(response, result) < 0)
		return out_of_memory(err);
	char *body = json_dumps(review, JSON_COMPACT);
	if (body == NULL)
		return out_of_memory(err);
	*ret_body = body;
	*ret_length = strlen(body);
	return 0;
}
