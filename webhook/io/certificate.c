/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/certificate.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/io/file_read.h"
#include "webhook/io/x509.h"

struct certificate {
	atomic_uint references;
	gnutls_pcert_st chain[CERTIFICATE_CHAIN_MAX]; /* leaf first */
	unsigned int chain_length;
	gnutls_privkey_t key;
	time_t not_before;
	time_t not_after;
};

/* Frees what it holds. */
static void contents_release(struct certificate *certificate)
{
	for (unsigned int i = 0; i < certificate->chain_length; i++)
		gnutls_pcert_deinit(&certificate->chain[i]);
	if (certificate->key != NULL)
		gnutls_privkey_deinit(certificate->key);
}

static int read_chain(struct certificate *certificate, const struct x509_list *list,
		      struct err *err)
{
	unsigned int count = list->count;

	if (count > CERTIFICATE_CHAIN_MAX)
		return err_set(err, EINVAL, "more than %d certificates in the chain",
			       CERTIFICATE_CHAIN_MAX);
	int code = gnutls_pcert_import_x509_list(certificate->chain, list->items, &count, 0);
	if (code < 0)
		return x509_failed(code, "the certificate chain is not usable", err);
	certificate->chain_length = count;
	certificate->not_before = gnutls_x509_crt_get_activation_time(list->items[0]);
	certificate->not_after = gnutls_x509_crt_get_expiration_time(list->items[0]);
	return 0;
}

/* The key as the one that signs. */
static int take_key(struct certificate *certificate, gnutls_x509_privkey_t key, struct err *err)
{
	int code = gnutls_privkey_init(&certificate->key);

	if (code == 0)
		code = gnutls_privkey_import_x509(certificate->key, key,
						  GNUTLS_PRIVKEY_IMPORT_COPY);
	return code < 0 ? x509_failed(code, "the private key is not usable", err) : 0;
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
	CLEANUP(x509_list_release) struct x509_list list = {0};
	CLEANUP(x509_key_release) gnutls_x509_privkey_t x509_key = NULL;
	CLEANUP(contents_release) struct certificate contents = {.chain_length = 0};
	int r = x509_list_read(chain, chain_length, GNUTLS_X509_CRT_LIST_SORT, &list, err);

	if (r == 0)
		r = read_chain(&contents, &list, err);
	if (r == 0)
		r = x509_key_read(key, key_length, &x509_key, err);
	if (r == 0)
		r = take_key(&contents, x509_key, err);
	if (r == 0)
		r = x509_check_pair(list.items[0], x509_key, err);
	if (r == 0)
		r = check_time(&contents, err);
	if (r < 0)
		return r;
	struct certificate *certificate = calloc(1, sizeof(*certificate));
	if (certificate == NULL)
		return err_set(err, ENOMEM, "out of memory");
	*certificate = contents;
	atomic_init(&certificate->references, 1);
	contents = (struct certificate){.chain_length = 0};
	*ret_certificate = certificate;
	return 0;
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
	contents_release(certificate);
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
	struct certificate *certificate =
		slot->current != NULL ? certificate_ref(slot->current) : NULL;
	pthread_mutex_unlock(&slot->mutex);
	return certificate;
}

bool certificate_slot_is_filled(struct certificate_slot *slot)
{
	pthread_mutex_lock(&slot->mutex);
	bool is_filled = slot->current != NULL;
	pthread_mutex_unlock(&slot->mutex);
	return is_filled;
}

void certificate_slot_release(struct certificate_slot *slot)
{
	certificate_unref(slot->current);
	pthread_mutex_destroy(&slot->mutex);
}
