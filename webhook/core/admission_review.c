/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/core/admission_review.h"

#include <errno.h>
#include <nettle/base64.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/base/strbuf.h"

#define API_VERSION "admission.k8s.io/v1"
#define KIND "AdmissionReview"

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

enum {
	BASE64_BYTES = 768, /* encoded at a time; a multiple of three, so that none is padded */
};

/* Appends `"key":`, and in front a comma unless it is the object's first member. */
static void write_key(struct strbuf *body, const char *key)
{
	if (body->length > 0 && body->data[body->length - 1] != '{')
		strbuf_append(body, ",", 1);
	json_write_text(key, strlen(key), body);
	strbuf_append(body, ":", 1);
}

static void write_member(struct strbuf *body, const char *key, const char *text)
{
	write_key(body, key);
	json_write_text(text, strlen(text), body);
}

/* Appends bytes in base64 (RFC 4648 section 4), in which JSON has nothing to escape. */
static void write_base64(struct strbuf *body, const char *bytes, size_t length)
{
	while (length > 0) {
		char encoded[BASE64_ENCODE_RAW_LENGTH(BASE64_BYTES)];
		size_t part = length < BASE64_BYTES ? length : BASE64_BYTES;

		base64_encode_raw(encoded, part, (const uint8_t *)bytes);
		strbuf_append(body, encoded, BASE64_ENCODE_RAW_LENGTH(part));
		bytes += part;
		length -= part;
	}
}

/* The patch as the API server wants it: JSON, then base64. Returns its size before that. */
static size_t write_patch(struct strbuf *body, json_t *patch)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	if (json_array_size(patch) == 0)
		return 0;
	json_write_value(patch, &text);
	body->is_failed |= text.is_failed;
	write_member(body, "patchType", "JSONPatch");
	write_key(body, "patch");
	strbuf_append(body, "\"", 1);
	write_base64(body, text.data, text.length);
	strbuf_append(body, "\"", 1);
	return text.length;
}

static void write_status(struct strbuf *body, const struct inject_result *result)
{
	if (result->decision.verdict != INJECT_DENY)
		return;
	write_key(body, "status");
	strbuf_printf(body, "{\"code\":%d", result->status);
	write_member(body, "message", result->decision.sentence);
	strbuf_append(body, "}", 1);
}

static void write_warnings(struct strbuf *body, const struct inject_result *result)
{
	if (result->warning_count == 0)
		return;
	write_key(body, "warnings");
	for (size_t i = 0; i < result->warning_count; i++) {
		strbuf_append(body, i == 0 ? "[" : ",", 1);
		json_write_text(result->warnings[i], strlen(result->warnings[i]), body);
	}
	strbuf_append(body, "]", 1);
}

static void write_audit(struct strbuf *body, const struct inject_result *result)
{
	const struct inject_decision *decision = &result->decision;

	write_key(body, "auditAnnotations");
	strbuf_append(body, "{", 1);
	write_member(body, "decision", inject_verdict_name(decision->verdict));
	write_member(body, "reason", decision->reason);
	if (result->profiles != NULL)
		write_member(body, "profiles", result->profiles);
	strbuf_append(body, "}", 1);
}

int admission_response_encode(const char *uid, const struct inject_result *result,
			      struct admission_response *ret_response, struct err *err)
{
	bool is_allowed = result->decision.verdict != INJECT_DENY;
	struct strbuf body = STRBUF_INIT;
	struct admission_response response = {0};

	strbuf_puts(&body,
		    "{\"apiVersion\":\"" API_VERSION "\",\"kind\":\"" KIND "\",\"response\":{");
	write_member(&body, "uid", uid);
	write_key(&body, "allowed");
	strbuf_puts(&body, is_allowed ? "true" : "false");
	response.patch_size = write_patch(&body, result->patch);
	write_status(&body, result);
	write_warnings(&body, result);
	write_audit(&body, result);
	strbuf_puts(&body, "}}");
	response.length = body.length;
	int r = strbuf_finish(&body, &response.body, err);
	if (r == 0)
		*ret_response = response;
	return r;
}
