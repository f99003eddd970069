/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AdmissionReview of admission.k8s.io/v1: decoding the API server's request, encoding our
 * answer. */
#ifndef SIDEWIRE_WEBHOOK_ADMISSION_REVIEW_H
#define SIDEWIRE_WEBHOOK_ADMISSION_REVIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "webhook/core/inject.h"

enum {
	ADMISSION_REVIEW_SIZE_MAX = 8 * 1024 * 1024, /* bytes; the API server sends 3 MiB at most */
	/* In memory each takes up to 300 bytes. An object that etcd takes, 1.5 MiB, has at most as
	 * many: {"name":"A","value":"b"}, are 24 bytes and three values. */
	ADMISSION_REVIEW_VALUES_MAX = 200 * 1000,
};

/* A decoded request. All but `review` point into it. */
struct admission_request {
	json_t *review; /* owned */
	const char *uid;
	const char *operation;
	const char
		*resource; /* "pods" only for the core group, version v1; "" for any other group */
	const char *subresource;    /* "" when there is none */
	const char *namespace_name; /* "" when there is none */
	const char *name;           /* of the pod; may be "" */
	const char *generate_name;  /* metadata.generateName of the pod; may be "" */
	json_t *object;             /* NULL when there is none */
	bool is_dry_run;            /* nothing is stored, and nothing may be done */
};

/*
 * Decodes a request body. The caller releases it. -EINVAL, with a sentence, for what is no
 * AdmissionReview v1 with a request and a uid (to be answered with HTTP 400); -E2BIG for one that
 * is too large, in bytes or in values (413); -ENOMEM (503).
 */
int admission_request_decode(const char *body, size_t length, struct admission_request *ret_request,
			     struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees the review. For CLEANUP(). */
void admission_request_release(struct admission_request *request) __attribute__((nonnull));

/* An encoded answer. */
struct admission_response {
	char *body; /* owned; ends with a NUL that is not counted */
	size_t length;
	size_t patch_size; /* bytes of the patch before base64; 0: there is none */
};

/*
 * Encodes the answer: uid copied, an empty patch left out, warnings, audit annotations decision,
 * reason and profiles; a denial with its code and sentence. All texts are UTF-8, as those that
 * admission_request_decode() and inject() give. The caller frees ret_response->body. -ENOMEM.
 */
int admission_response_encode(const char *uid, const struct inject_result *result,
			      struct admission_response *ret_response, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
