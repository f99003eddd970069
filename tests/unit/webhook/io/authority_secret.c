/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The authority's whole way: made, written into a Secret, read from it, signing, trusted. */
#include "webhook/io/authority_secret.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/quoted_json.h"
#include "tests/unit/suite.h"
#include "webhook/io/certificate_issue.h"
#include "webhook/io/trust.h"

enum { VALIDITY = 1000 };

static const char *const NAMES[] = {"sidewire-webhook.system.svc", "*.example.org", "192.0.2.1",
				    "2001:db8::1"};
static const struct issue_request REQUEST = {NAMES, 4, VALIDITY};

static void make_authority(struct issued_certificate *pair)
{
	struct err err = {0};

	CU_ASSERT_FATAL(issue_authority(VALIDITY, pair, &err) == 0);
}

/* What trust_read() takes; the caller frees it. */
static char *encode(const char *first, const char *second)
{
	CLEANUP(freep) char *both = NULL;

	CU_ASSERT_FATAL(asprintf(&both, "%s%s", first, second) >= 0);
	size_t length = strlen(both);
	char *text = calloc(1, BASE64_ENCODE_RAW_LENGTH(length) + 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	base64_encode_raw(text, length, (const uint8_t *)both);
	return text;
}

static void test_a_secret_and_back(void)
{
	CLEANUP(issued_certificate_release) struct issued_certificate pair = {0};
	CLEANUP(authority_release) struct authority authority = {0};
	json_auto_t *secret = NULL;
	struct err err = {0};
	time_t now = time(NULL);

	make_authority(&pair);
	CU_ASSERT_FATAL(authority_secret_make(NULL, "system", &pair, &secret, &err) == 0);
	json_t *metadata = json_object_get(secret, "metadata");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(metadata, "namespace")), "system");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(metadata, "name")), "sidewire-ca");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(secret, "type")),
			       "kubernetes.io/tls");
	CU_ASSERT_FATAL(authority_secret_read(secret, &authority, &err) == 0);
	CU_ASSERT_STRING_EQUAL(authority.pair.certificate, pair.certificate);
	CU_ASSERT_STRING_EQUAL(authority.pair.key, pair.key);
	CU_ASSERT(authority.validity.not_before <= now - ISSUE_BACKDATE_SECONDS + 60);
	CU_ASSERT(authority.validity.not_after >= now + VALIDITY - 60);
}

static void test_what_is_not_ours_stays(void)
{
	CLEANUP(issued_certificate_release) struct issued_certificate pair = {0};
	json_auto_t *before = quoted_json("{'metadata':{'name':'sidewire-ca','resourceVersion':'7',"
					  "'labels':{'a':'b'}},'data':{'x':'eA==','tls.crt':''},"
					  "'type':'Opaque'}");
	json_auto_t *copy = json_deep_copy(before);
	json_auto_t *secret = NULL;
	struct err err = {0};

	make_authority(&pair);
	CU_ASSERT_FATAL(authority_secret_make(before, "other", &pair, &secret, &err) == 0);
	CU_ASSERT(json_equal(before, copy));
	json_t *data = json_object_get(secret, "data");
	CU_ASSERT(json_object_size(data) == 3);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(data, "x")), "eA==");
	json_object_del(secret, "data");
	json_object_del(copy, "data");
	json_object_update_missing(copy, secret);
	CU_ASSERT(json_equal(secret, copy));
}

static void test_signing_and_trust(void)
{
	CLEANUP(issued_certificate_release) struct issued_certificate pair = {0};
	CLEANUP(issued_certificate_release) struct issued_certificate other = {0};
	CLEANUP(issued_certificate_release) struct issued_certificate leaf = {0};
	CLEANUP(ca_bundle_release) struct ca_bundle both = {.count = 0};
	CLEANUP(ca_bundle_release) struct ca_bundle one = {.count = 0};
	const struct ca_bundle none = {.count = 0};
	struct err err = {0};

	make_authority(&pair);
	make_authority(&other);
	CLEANUP(freep) char *both_text = encode(other.certificate, pair.certificate);
	CLEANUP(freep) char *one_text = encode(other.certificate, "");
	CU_ASSERT_FATAL(issue_leaf(&pair, &REQUEST, &leaf, &err) == 0);
	CU_ASSERT_FATAL(trust_read(both_text, &both, &err) == 0);
	CU_ASSERT_FATAL(trust_read(one_text, &one, &err) == 0);
	CU_ASSERT(both.count == 2 && both.certificates[1].is_authority);
	CU_ASSERT_STRING_EQUAL(both.certificates[1].pem, pair.certificate);
	CU_ASSERT(trust_verify(&both, leaf.certificate, NAMES[0], &err) == 0);
	CU_ASSERT(trust_verify(&both, leaf.certificate, "a.example.org", &err) == 0);
	CU_ASSERT(trust_verify(&both, leaf.certificate, "other.svc", &err) == -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "name"));
	CU_ASSERT(trust_verify(&one, leaf.certificate, NAMES[0], &err) == -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "issuer is unknown"));
	CU_ASSERT(err.msg[strlen(err.msg) - 1] == '.');
	CU_ASSERT(trust_verify(&none, leaf.certificate, NAMES[0], &err) == -EINVAL);
}

static void test_bundles_that_are_none(void)
{
	static const char *const TEXTS[] = {"?",
					    "anVuaw==", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"};
	struct err err = {0};

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
		struct ca_bundle bundle = {.count = 9};
		ASSERT_ROW(TEXTS[i], trust_read(TEXTS[i], &bundle, &err) == 0);
		ASSERT_ROW(TEXTS[i], bundle.is_foreign && bundle.count == 0);
	}
	struct ca_bundle empty = {.count = 9};
	CU_ASSERT(trust_read(NULL, &empty, &err) == 0 && !empty.is_foreign && empty.count == 0);
	empty.count = 9;
	CU_ASSERT(trust_read("", &empty, &err) == 0 && !empty.is_foreign && empty.count == 0);
}

static void test_a_leaf_ends_with_its_authority(void)
{
	CLEANUP(issued_certificate_release) struct issued_certificate pair = {0};
	CLEANUP(issued_certificate_release) struct issued_certificate leaf = {0};
	CLEANUP(ca_bundle_release) struct ca_bundle ends = {.count = 0};
	const struct issue_request request = {NAMES, 1, 10L * VALIDITY};
	struct err err = {0};

	make_authority(&pair);
	CU_ASSERT_FATAL(issue_leaf(&pair, &request, &leaf, &err) == 0);
	CLEANUP(freep) char *text = encode(pair.certificate, leaf.certificate);
	CU_ASSERT_FATAL(trust_read(text, &ends, &err) == 0 && ends.count == 2);
	CU_ASSERT(ends.certificates[0].validity.not_after ==
		  ends.certificates[1].validity.not_after);
	CU_ASSERT_FALSE(ends.certificates[1].is_authority);
}

static CU_TestInfo tests[] = {
	{"into a Secret and back", test_a_secret_and_back},
	{"what is not ours in a Secret stays", test_what_is_not_ours_stays},
	{"what it signs is trusted, and nothing else", test_signing_and_trust},
	{"bundles that are none", test_bundles_that_are_none},
	{"a serving certificate ends with its authority", test_a_leaf_ends_with_its_authority},
	CU_TEST_INFO_NULL,
};
SUITE("webhook/io/authority_secret", tests)
