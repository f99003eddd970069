/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Secret with the cluster's authority, and a caBundle, which anybody with the rights may write:
 * {"secret": {"data": {...}}, "caBundle": "base64"}. A "chain" and a "key" are PEM texts in place
 * of the base64 in the Secret, so that they can be changed within.
 */
#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "webhook/io/authority_secret.h"
#include "webhook/io/certificate.h"
#include "webhook/io/trust.h"

static const char *const WORDS[] = {"secret",
				    "data",
				    "tls.crt",
				    "tls.key",
				    "caBundle",
				    "chain",
				    "key",
				    "-----BEGIN CERTIFICATE-----\n",
				    "-----END CERTIFICATE-----\n",
				    "LS0tLS1CRUdJTi",
				    "=",
				    "",
				    NULL};

static void check_secret(const json_t *secret)
{
	CLEANUP(authority_release) struct authority authority = {.pair = {NULL, NULL}};
	struct err err = {0};

	if (authority_secret_read(secret, &authority, &err) < 0) {
		fuzz_check_failure(&err);
		return;
	}
	assert(authority.pair.certificate != NULL && authority.pair.key != NULL);
}

static void check_bundle(const char *base64)
{
	CLEANUP(ca_bundle_release) struct ca_bundle bundle = {.count = 0};
	struct err err = {0};

	assert(trust_read(base64, &bundle, &err) == 0);
	assert(!bundle.is_foreign || bundle.count == 0);
	assert(bundle.count <= CA_CERTIFICATES_MAX);
	for (size_t i = 0; i < bundle.count; i++)
		assert(bundle.certificates[i].pem != NULL);
	if (bundle.count > 0 &&
	    trust_verify(&bundle, bundle.certificates[0].pem, "x.example", &err) < 0)
		fuzz_check_failure(&err);
}

static void check_pair(const char *chain, const char *key)
{
	struct certificate *certificate = NULL;
	struct err err = {0};

	if (certificate_from_pem(chain, strlen(chain), key, strlen(key), &certificate, &err) < 0)
		fuzz_check_failure(&err);
	else
		certificate_unref(certificate);
}

/* The text as base64 in an object's member. */
static void encode_into(json_t *object, const char *member, const char *text)
{
	size_t length = strlen(text);
	CLEANUP(freep) char *encoded = calloc(1, BASE64_ENCODE_RAW_LENGTH(length) + 1);

	assert(encoded != NULL);
	base64_encode_raw(encoded, length, (const uint8_t *)text);
	json_object_set_new(object, member, json_string(encoded));
}

static void check_texts(const char *chain, const char *key)
{
	json_auto_t *data = json_object();
	json_auto_t *secret = json_pack("{s:O}", "data", data);

	encode_into(data, "tls.crt", chain);
	encode_into(data, "tls.key", key);
	check_secret(secret);
	check_bundle(json_string_value(json_object_get(data, "tls.crt")));
	check_pair(chain, key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *input = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
	const char *chain = json_string_value(json_object_get(input, "chain"));
	const char *key = json_string_value(json_object_get(input, "key"));

	if (json_object_get(input, "secret") != NULL)
		check_secret(json_object_get(input, "secret"));
	check_bundle(json_string_value(json_object_get(input, "caBundle")));
	if (chain != NULL && key != NULL)
		check_texts(chain, key);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_json(data, size, max_size, seed, WORDS);
}
