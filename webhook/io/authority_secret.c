/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/authority_secret.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "webhook/io/base64_read.h"
#include "webhook/io/x509.h"

#define KEY_CERTIFICATE "tls.crt"
#define KEY_KEY "tls.key"

/* A text that is wiped before it is freed: keys. */
static void wipe(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	freep(text);
}

/* One value of the Secret. */
static int read_value(const json_t *secret, const char *key, char **ret_text, size_t *ret_length,
		      struct err *err)
{
	const char *value =
		json_string_value(json_object_get(json_object_get(secret, "data"), key));

	if (value == NULL)
		return err_set(err, EINVAL, "it has no %s", key);
	int r = base64_read(value, ret_text, ret_length, err);
	return r < 0 ? err_wrap(err, "%s", key) : 0;
}

static int read_certificate(const json_t *secret, struct x509_list *ret_list, struct err *err)
{
	CLEANUP(freep) char *pem = NULL;
	size_t length = 0;
	int r = read_value(secret, KEY_CERTIFICATE, &pem, &length, err);

	return r == 0 ? x509_list_read(pem, length, 0, ret_list, err) : r;
}

/* Reads the key into the authority, and checks that it is the certificate's. */
static int read_key(const json_t *secret, gnutls_x509_crt_t crt, struct authority *authority,
		    struct err *err)
{
	CLEANUP(x509_key_release) gnutls_x509_privkey_t key = NULL;
	size_t length = 0;
	int r = read_value(secret, KEY_KEY, &authority->pair.key, &length, err);

	/* As a text, up to a NUL: so it is read whenever it signs. */
	if (r == 0)
		r = x509_key_read(authority->pair.key, strlen(authority->pair.key), &key, err);
	if (r == 0)
		r = x509_check_pair(crt, key, err);
	return r;
}

int authority_secret_read(const json_t *secret, struct authority *ret_authority, struct err *err)
{
	CLEANUP(authority_release) struct authority authority = {0};
	CLEANUP(x509_list_release) struct x509_list list = {0};
	int r = read_certificate(secret, &list, err);

	if (r < 0)
		return r;
	if (gnutls_x509_crt_get_ca_status(list.items[0], NULL) <= 0)
		return err_set(err, EINVAL, "its certificate is no authority's");
	r = read_key(secret, list.items[0], &authority, err);
	if (r == 0)
		r = x509_to_pem(list.items[0], &authority.pair.certificate, err);
	if (r < 0)
		return r;
	authority.validity.not_before = gnutls_x509_crt_get_activation_time(list.items[0]);
	authority.validity.not_after = gnutls_x509_crt_get_expiration_time(list.items[0]);
	*ret_authority = authority;
	authority = (struct authority){0};
	return 0;
}

/* A new reference; NULL without memory. */
static json_t *encode(const char *text)
{
	size_t length = strlen(text);
	CLEANUP(wipe) char *encoded = calloc(1, BASE64_ENCODE_RAW_LENGTH(length) + 1);

	if (encoded == NULL)
		return NULL;
	base64_encode_raw(encoded, length, (const uint8_t *)text);
	return json_string(encoded);
}

/* A Secret of ours, with nothing in it yet. A new reference; NULL without memory. */
static json_t *new_secret(const char *namespace_name)
{
	return json_pack("{s:{s:s, s:s, s:{s:s, s:s}}, s:s}", "metadata", "name", AUTHORITY_SECRET,
			 "namespace", namespace_name, "labels", "app.kubernetes.io/name",
			 "sidewire", "app.kubernetes.io/component", "webhook", "type",
			 "kubernetes.io/tls");
}

int authority_secret_make(const json_t *before, const char *namespace_name,
			  const struct issued_certificate *pair, json_t **ret_secret,
			  struct err *err)
{
	json_auto_t *data = json_pack("{s:o, s:o}", KEY_CERTIFICATE, encode(pair->certificate),
				      KEY_KEY, encode(pair->key));
	json_auto_t *secret = before != NULL ? json_deep_copy(before) : new_secret(namespace_name);

	/* Items of a list have no kind. _new takes the strings, and fails for NULL. */
	if (data == NULL || secret == NULL ||
	    json_object_set_new(secret, "apiVersion", json_string("v1")) < 0 ||
	    json_object_set_new(secret, "kind", json_string("Secret")) < 0)
		return err_set(err, ENOMEM, "out of memory");
	json_t *old = json_object_get(secret, "data");
	if ((json_is_object(old) ? json_object_update(old, data)
				 : json_object_set(secret, "data", data)) < 0)
		return err_set(err, ENOMEM, "out of memory");
	*ret_secret = TAKE(secret);
	return 0;
}

void authority_release(struct authority *authority)
{
	issued_certificate_release(&authority->pair);
	*authority = (struct authority){0};
}
