/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/certificate_issue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "webhook/io/x509.h"

enum {
	SERIAL_SIZE = 16, /* bytes; RFC 5280, 4.1.2.2: positive, up to 20 */
	KEY_ID_SIZE = 20, /* bytes of a SHA-1, RFC 5280, 4.2.1.2 */
	ISSUER_KEY_ID_MAX = 64,
	DNS_NAME_MAX = 253,
	DNS_LABEL_MAX = 63,
};

/* A key and its certificate. */
struct pair {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
};

static void pair_release(struct pair *pair)
{
	if (pair->crt != NULL)
		gnutls_x509_crt_deinit(pair->crt);
	x509_key_release(&pair->key);
}

/* Whether the text is a host name (RFC 1123, 2.1), or one with a wildcard for its first label. */
static bool is_dns_name(const char *text)
{
	static const char LETTERS[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	if (strlen(text) > DNS_NAME_MAX)
		return false;
	text += strncmp(text, "*.", 2) == 0 ? 2 : 0;
	for (;;) {
		size_t label = strspn(text, LETTERS);
		if (label == 0 || label > DNS_LABEL_MAX || text[0] == '-' || text[label - 1] == '-')
			return false;
		text += label;
		if (*text != '.')
			return *text == '\0';
		text++;
	}
}

/* Adds one subject alternative name. */
static int set_name(gnutls_x509_crt_t crt, const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address,
							    sizeof(struct in_addr),
							    GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET6, name, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address,
							    sizeof(struct in6_addr),
							    GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
						    (unsigned int)strlen(name), GNUTLS_FSAN_APPEND);
}

static int check_names(const char *const *names, size_t count, struct err *err)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (count > ISSUE_NAMES_MAX)
		return err_set(err, E2BIG, "more than %d names", ISSUE_NAMES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (inet_pton(AF_INET, names[i], address) != 1 &&
		    inet_pton(AF_INET6, names[i], address) != 1 && !is_dns_name(names[i]))
			return err_set(err, EINVAL, "'%.260s' is neither a DNS name nor an address",
				       names[i]);
	}
	return 0;
}

static int set_serial(gnutls_x509_crt_t crt)
{
	unsigned char serial[SERIAL_SIZE];
	int code = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	if (code < 0)
		return code;
	/* The first bit is the sign, and a leading zero byte would be no shortest form. */
	serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);
	return gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
}

/* The name that a certificate's key goes by (RFC 5280, 4.2.1.2). */
static int set_key_id(gnutls_x509_crt_t crt)
{
	unsigned char id[KEY_ID_SIZE];
	size_t size = sizeof(id);
	int code = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &size);

	return code == 0 ? gnutls_x509_crt_set_subject_key_id(crt, id, size) : code;
}

/* A new key, and a certificate from now on with all that an authority's and a leaf's have in
 * common. */
static int pair_init(struct pair *pair, const char *common_name, time_t not_after)
{
	int code = gnutls_x509_privkey_init(&pair->key);

	if (code == 0)
		code = gnutls_x509_privkey_generate(
			pair->key, GNUTLS_PK_ECDSA,
			GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (code == 0)
		code = gnutls_x509_crt_init(&pair->crt);
	if (code == 0)
		code = gnutls_x509_crt_set_version(pair->crt, 3);
	if (code == 0)
		code = set_serial(pair->crt);
	if (code == 0)
		code = gnutls_x509_crt_set_dn_by_oid(pair->crt, GNUTLS_OID_X520_COMMON_NAME, 0,
						     common_name,
						     (unsigned int)strlen(common_name));
	if (code == 0)
		code = gnutls_x509_crt_set_activation_time(pair->crt,
							   time(NULL) - ISSUE_BACKDATE_SECONDS);
	if (code == 0)
		code = gnutls_x509_crt_set_expiration_time(pair->crt, not_after);
	if (code == 0)
		code = gnutls_x509_crt_set_key(pair->crt, pair->key);
	return code == 0 ? set_key_id(pair->crt) : code;
}

/* Names the issuer's key by the name that the issuer gave it, if it did, and signs. */
static int sign(struct pair *subject, const struct pair *issuer)
{
	unsigned char id[ISSUER_KEY_ID_MAX];
	size_t size = sizeof(id);
	int code = gnutls_x509_crt_get_subject_key_id(issuer->crt, id, &size, NULL);

	if (code == 0)
		code = gnutls_x509_crt_set_authority_key_id(subject->crt, id, size);
	if (code < 0 && code != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return code;
	/* The digest that goes with the issuer's key. */
	return gnutls_x509_crt_sign2(subject->crt, issuer->crt, issuer->key, GNUTLS_DIG_UNKNOWN, 0);
}

static int make_authority(struct pair *authority, time_t validity_seconds)
{
	int code = pair_init(authority, "sidewire authority", time(NULL) + validity_seconds);

	/* Path length 0: below it only certificates of servers. */
	if (code == 0)
		code = gnutls_x509_crt_set_basic_constraints(authority->crt, 1, 0);
	if (code == 0)
		code = gnutls_x509_crt_set_key_usage(authority->crt, GNUTLS_KEY_KEY_CERT_SIGN |
									     GNUTLS_KEY_CRL_SIGN);
	return code == 0 ? sign(authority, authority) : code;
}

static int make_leaf(struct pair *leaf, const struct pair *authority,
		     const struct issue_request *request)
{
	time_t not_after = time(NULL) + request->validity_seconds;
	time_t authority_end = gnutls_x509_crt_get_expiration_time(authority->crt);
	int code = pair_init(leaf, "sidewire-webhook",
			     not_after < authority_end ? not_after : authority_end);

	if (code == 0)
		code = gnutls_x509_crt_set_basic_constraints(leaf->crt, 0, -1);
	if (code == 0)
		code = gnutls_x509_crt_set_key_usage(leaf->crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (code == 0)
		code = gnutls_x509_crt_set_key_purpose_oid(leaf->crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	for (size_t i = 0; code == 0 && i < request->name_count; i++)
		code = set_name(leaf->crt, request->names[i]);
	return code == 0 ? sign(leaf, authority) : code;
}

static int export_key(gnutls_x509_privkey_t key, char **ret_text)
{
	gnutls_datum_t datum;
	int code = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
						     GNUTLS_PKCS_PLAIN, &datum);

	return code < 0 ? code : x509_own_text(&datum, ret_text);
}

/* The pair as texts, unless making it has failed by `code`. */
static int export_pair(const struct pair *pair, int code, struct issued_certificate *ret_issued,
		       struct err *err)
{
	CLEANUP(issued_certificate_release) struct issued_certificate issued = {0};

	if (code == 0)
		code = export_key(pair->key, &issued.key);
	if (code == GNUTLS_E_MEMORY_ERROR)
		return err_set(err, ENOMEM, "out of memory");
	if (code < 0)
		return err_set(err, EIO, "no certificate could be made: %s", gnutls_strerror(code));
	int r = x509_to_pem(pair->crt, &issued.certificate, err);
	if (r < 0)
		return r;
	*ret_issued = issued;
	issued = (struct issued_certificate){0};
	return 0;
}

int issue_authority(time_t validity_seconds, struct issued_certificate *ret_authority,
		    struct err *err)
{
	CLEANUP(pair_release) struct pair authority = {0};

	return export_pair(&authority, make_authority(&authority, validity_seconds), ret_authority,
			   err);
}

static int read_pair(const struct issued_certificate *texts, struct pair *pair, struct err *err)
{
	CLEANUP(x509_list_release) struct x509_list list = {0};
	int r = x509_list_read(texts->certificate, strlen(texts->certificate), 0, &list, err);

	if (r == 0)
		r = x509_key_read(texts->key, strlen(texts->key), &pair->key, err);
	if (r == 0)
		pair->crt = TAKE(list.items[0]);
	return r;
}

int issue_leaf(const struct issued_certificate *authority_texts,
	       const struct issue_request *request, struct issued_certificate *ret_leaf,
	       struct err *err)
{
	CLEANUP(pair_release) struct pair authority = {0};
	CLEANUP(pair_release) struct pair leaf = {0};
	int r = check_names(request->names, request->name_count, err);

	if (r == 0)
		r = read_pair(authority_texts, &authority, err);
	if (r < 0)
		return r;
	return export_pair(&leaf, make_leaf(&leaf, &authority, request), ret_leaf, err);
}

void issued_certificate_release(struct issued_certificate *issued)
{
	if (issued->key != NULL)
		explicit_bzero(issued->key, strlen(issued->key));
	free(issued->certificate);
	free(issued->key);
	*issued = (struct issued_certificate){0};
}
