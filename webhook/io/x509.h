/* SPDX-License-Identifier: GPL-2.0-or-later */
/* X.509 certificates and keys between PEM texts and GnuTLS. */
#ifndef SIDEWIRE_WEBHOOK_X509_H
#define SIDEWIRE_WEBHOOK_X509_H

#include <gnutls/x509.h>
#include <stddef.h>

#include "common/base/err.h"

/* Certificates in the order of their text. */
struct x509_list {
	gnutls_x509_crt_t *items;
	unsigned int count;
};

/*
 * Reads all certificates of a PEM text; `flags` are GnuTLS' own (GNUTLS_X509_CRT_LIST_SORT). The
 * caller releases *ret_list. -EINVAL when there is none, or one is not readable; -ENOMEM.
 */
int x509_list_read(const char *pem, size_t length, unsigned int flags, struct x509_list *ret_list,
		   struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees the certificates. For CLEANUP(); an empty list is allowed. */
void x509_list_release(struct x509_list *list) __attribute__((nonnull));

/* Reads a private key, PKCS #8, RSA or EC. The caller releases *ret_key. -EINVAL, -ENOMEM. */
int x509_key_read(const char *pem, size_t length, gnutls_x509_privkey_t *ret_key, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the key. For CLEANUP(); NULL is allowed. */
void x509_key_release(gnutls_x509_privkey_t *key) __attribute__((nonnull));

/* -EINVAL when the private key is not the certificate's. */
int x509_check_pair(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The certificate as PEM, always the same text for the same one; the caller frees it. -ENOMEM,
 * -EINVAL. */
int x509_to_pem(gnutls_x509_crt_t crt, char **ret_pem, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Takes a text over from GnuTLS' allocator, and wipes that one. 0 or GNUTLS_E_MEMORY_ERROR. */
int x509_own_text(gnutls_datum_t *datum, char **ret_text)
	__attribute__((nonnull, warn_unused_result));

/* Records what GnuTLS says: -ENOMEM, or -EINVAL with "what: reason". */
int x509_failed(int code, const char *what, struct err *err) __attribute__((nonnull));

#endif
