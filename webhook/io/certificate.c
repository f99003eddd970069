/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/certificate.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/io/file_read.h"

struct certificate {
	atomic_uint references;
	gnutls_pcert_st chain[CERTIFICATE_CHAIN_MAX]; /* leaf first */
	unsigned int chain_length;
	gnutls_privkey_t key;
	time_t not_before;
	time_t not_after;
};

/* A chain while it is read. */
struct crt_list {
	gnutls_x509_crt_t *items;
	unsigned int count;
};

static void crt_list_release(struct crt_list *list)
{
	for (unsigned int i = 0; i < list->count; i++)
		gnutls_x509_crt_deinit(list->items[i]);
	gnutls_free(list->items);
}

static void x509_key_release(gnutls_x509_privkey_t *key)
{
	if (*key != NULL)
		gnutls_x509_privkey_deinit(*key);
}

static void certificate_unrefp(struct certificate **certificate)
{
	certificate_unref(*certificate);
}

static int gnutls_failed(int code, const char *what, struct err *err)
{
	if (code == GNUTLS_E_MEMORY_ERROR)
		return err_set(err, ENOMEM, "out of memory");
	return err_set(err, EINVAL, "%s: %s", what, gnutls_strerror(code));
}

/* PEM as GnuTLS takes it; it only reads. */
static gnutls_datum_t datum_of(const char *text, size_t length)
{
	return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)text,
				.size = (unsigned int)length};
}

static int read_chain(struct certificate *certificate, struct crt_list *list, const char *pem,
		      size_t length, struct err *err)
{
	gnutls_datum_t datum = datum_of(pem, length);
	int code = gnutls_x509_crt_list_import2(&list->items, &list->count, &datum,
						GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);

	if (code < 0)
		return gnutls_failed(code, "the certificate chain is not readable", err);
	if (list->count > CERTIFICATE_CHAIN_MAX)
		return err_set(err, EINVAL, "more than %d certificates in the chain",
			       CERTIFICATE_CHAIN_MAX);
	unsigned int count = list->count;
	code = gnutls_pcert_import_x509_list(certificate->chain, list->items, &count, 0);
	if (code < 0)
		return gnutls_failed(code, "the certificate chain is not usable", err);
	certificate->chain_length = count;
	certificate->not_before = gnutls_x509_crt_get_activation_time(list->items[0]);
	certificate->not_after = gnutls_x509_crt_get_expiration_time(list->items[0]);
	return 0;
}

/* Imports the key as the one that signs. */
static int read_key(struct certificate *certificate, gnutls_x509_privkey_t *key, const char *pem,
		    size_t length, struct err *err)
{
	gnutls_datum_t datum = datum_of(pem, length);
	int code = gnutls_x509_privkey_init(key);

	if (code == 0)
		code = gnutls_x509_privkey_import2(*key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (code == 0)
		code = gnutls_privkey_init(&certificate->key);
	if (code == 0)
		code = gnutls_privkey_import_x509(certificate->key, *key,
						  GNUTLS_PRIVKEY_IMPORT_COPY);
	return code < 0 ? gnutls_failed(code, "the private key is not readable", err) : 0;
}

static int check_pair(gnutls_x509_crt_t leaf, gnutls_x509_privkey_t key, struct err *err)
{
	unsigned char ids[2][64];
	size_t sizes[2] = {sizeof(ids[0]), sizeof(ids[1])};
	int code = gnutls_x509_crt_get_key_id(leaf, GNUTLS_KEYID_USE_SHA256, ids[0], &sizes[0]);

	if (code == 0)
		code = gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, ids[1],
						      &sizes[1]);
	if (code < 0)
		return gnutls_failed(code, "certificate and key cannot be compared", err);
	if (sizes[0] != sizes[1] || memcmp(ids[0], ids[1], sizes[0]) != 0)
		return err_set(err, EINVAL, "the private key is not that of the first certificate");
	return 0;
}

static int check_time(const struct certificate *certificate, struct err *err)
{
	time_t now = time(NULL);

	if (now > certificate->not_after)
		return err_set(err, EINVAL, "the certificate is over");
	if (now < certificate->not_before)
		return err_set(err, EINVAL, "the certificate's time has not begun");
	return 0;
}

int certificate_from_pem(const char *chain, size_t chain_length, const char *key, size_t key_length,
			 struct certificate **ret_certificate, struct err *err)
{
	CLEANUP(crt_list_release) struct crt_list list = {0};
	CLEANUP(x509_key_release) gnutls_x509_privkey_t x509_key = NULL;
	CLEANUP(certificate_unrefp)
	struct certificate *certificate = calloc(1, sizeof(*certificate));

	if (certificate == NULL)
		return err_set(err, ENOMEM, "out of memory");
	atomic_init(&certificate->references, 1);
	int r = read_chain(certificate, &list, chain, chain_length, err);
	if (r == 0)
		r = read_key(certificate, &x509_key, key, key_length, err);
	if (r == 0)
		r = check_pair(list.items[0], x509_key, err);
	if (r == 0)
		r = check_time(certificate, err);
	if (r == 0)
		*ret_certificate = TAKE(certificate);
	return r;
}

int certificate_load(const char *chain_path, const char *key_path,
		     struct certificate **ret_certificate, struct err *err)
{
	CLEANUP(freep) char *chain = NULL;
	CLEANUP(freep) char *key = NULL;
	size_t chain_length = 0;
	size_t key_length = 0;
	int r = file_read_path(chain_path, CERTIFICATE_FILE_SIZE_MAX, &chain, &chain_length, err);

	if (r < 0)
		return r;
	r = file_read_path(key_path, CERTIFICATE_FILE_SIZE_MAX, &key, &key_length, err);
	if (r < 0)
		return r;
	r = certificate_from_pem(chain, chain_length, key, key_length, ret_certificate, err);
	explicit_bzero(key, key_length);
	return r < 0 ? err_wrap(err, "%s with %s", chain_path, key_path) : 0;
}

/* One more reference; returns its argument. */
static struct certificate *certificate_ref(struct certificate *certificate)
{
	atomic_fetch_add_explicit(&certificate->references, 1, memory_order_relaxed);
	return certificate;
}

void certificate_unref(struct certificate *certificate)
{
	if (certificate == NULL ||
	    atomic_fetch_sub_explicit(&certificate->references, 1, memory_order_acq_rel) > 1)
		return;
	for (unsigned int i = 0; i < certificate->chain_length; i++)
		gnutls_pcert_deinit(&certificate->chain[i]);
	if (certificate->key != NULL)
		gnutls_privkey_deinit(certificate->key);
	free(certificate);
}

void certificate_get(struct certificate *certificate, gnutls_pcert_st **ret_chain,
		     unsigned int *ret_chain_length, gnutls_privkey_t *ret_key)
{
	*ret_chain = certificate->chain;
	*ret_chain_length = certificate->chain_length;
	*ret_key = certificate->key;
}

time_t certificate_not_after(const struct certificate *certificate)
{
	return certificate->not_after;
}

void certificate_slot_init(struct certificate_slot *slot, struct certificate *certificate)
{
	pthread_mutex_init(&slot->mutex, NULL);
	slot->current = certificate;
}

void certificate_slot_replace(struct certificate_slot *slot, struct certificate *certificate)
{
	pthread_mutex_lock(&slot->mutex);
	struct certificate *before = slot->current;
	slot->current = certificate;
	pthread_mutex_unlock(&slot->mutex);
	certificate_unref(before);
}

struct certificate *certificate_slot_get(struct certificate_slot *slot)
{
	pthread_mutex_lock(&slot->mutex);
	struct certificate *certificate = certificate_ref(slot->current);
	pthread_mutex_unlock(&slot->mutex);
	return certificate;
}

void certificate_slot_release(struct certificate_slot *slot)
{
	certificate_unref(slot->current);
	pthread_mutex_destroy(&slot->mutex);
}
