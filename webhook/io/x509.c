/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/x509.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <string.h>

int x509_failed(int code, const char *what, struct err *err)
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

int x509_list_read(const char *pem, size_t length, unsigned int flags, struct x509_list *ret_list,
		   struct err *err)
{
	gnutls_datum_t datum = datum_of(pem, length);
	struct x509_list list = {0};
	int code = gnutls_x509_crt_list_import2(&list.items, &list.count, &datum,
						GNUTLS_X509_FMT_PEM, flags);

	if (code < 0)
		return x509_failed(code, "the certificate chain is not readable", err);
	*ret_list = list;
	return 0;
}

void x509_list_release(struct x509_list *list)
{
	for (unsigned int i = 0; i < list->count; i++)
		gnutls_x509_crt_deinit(list->items[i]);
	gnutls_free(list->items);
	*list = (struct x509_list){0};
}

int x509_key_read(const char *pem, size_t length, gnutls_x509_privkey_t *ret_key, struct err *err)
{
	gnutls_datum_t datum = datum_of(pem, length);
	gnutls_x509_privkey_t key = NULL;
	int code = gnutls_x509_privkey_init(&key);

	if (code == 0)
		code = gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (code < 0) {
		x509_key_release(&key);
		return x509_failed(code, "the private key is not readable", err);
	}
	*ret_key = key;
	return 0;
}

void x509_key_release(gnutls_x509_privkey_t *key)
{
	if (*key != NULL)
		gnutls_x509_privkey_deinit(*key);
	*key = NULL;
}

int x509_check_pair(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, struct err *err)
{
	unsigned char ids[2][64];
	size_t sizes[2] = {sizeof(ids[0]), sizeof(ids[1])};
	int code = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, ids[0], &sizes[0]);

	if (code == 0)
		code = gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, ids[1],
						      &sizes[1]);
	if (code < 0)
		return x509_failed(code, "certificate and key cannot be compared", err);
	if (sizes[0] != sizes[1] || memcmp(ids[0], ids[1], sizes[0]) != 0)
		return err_set(err, EINVAL, "the private key is not that of the first certificate");
	return 0;
}

int x509_own_text(gnutls_datum_t *datum, char **ret_text)
{
	char *text = strndup((const char *)datum->data, datum->size);

	explicit_bzero(datum->data, datum->size);
	gnutls_free(datum->data);
	if (text == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	*ret_text = text;
	return 0;
}

int x509_to_pem(gnutls_x509_crt_t crt, char **ret_pem, struct err *err)
{
	gnutls_datum_t datum;
	int code = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &datum);

	if (code == 0)
		code = x509_own_text(&datum, ret_pem);
	return code < 0 ? x509_failed(code, "the certificate cannot be written", err) : 0;
}
