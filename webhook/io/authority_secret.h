/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Secret that holds the cluster's authority: type kubernetes.io/tls, tls.crt and tls.key.
 * Whoever wants an authority of their own puts it there.
 */
#ifndef SIDEWIRE_WEBHOOK_AUTHORITY_SECRET_H
#define SIDEWIRE_WEBHOOK_AUTHORITY_SECRET_H

#include <jansson.h>

#include "common/base/err.h"
#include "webhook/core/authority.h"
#include "webhook/io/certificate_issue.h"

#define AUTHORITY_SECRET "sidewire-ca"

struct authority {
	struct issued_certificate pair; /* the certificate as x509_to_pem() writes it */
	struct validity validity;
};

/*
 * Reads the first certificate of tls.crt, and its key. The caller releases *ret_authority. -EINVAL,
 * with a sentence, when the Secret holds no authority that could sign: something is missing or not
 * readable, certificate and key do not belong together, or the certificate is no authority's.
 * -ENOMEM.
 */
int authority_secret_read(const json_t *secret, struct authority *ret_authority, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The Secret that holds the pair: `before` with only the two values replaced, its resourceVersion
 * kept, or, when that is NULL, a new one of the namespace. The caller owns *ret_secret. -ENOMEM.
 */
int authority_secret_make(const json_t *before, const char *namespace_name,
			  const struct issued_certificate *pair, json_t **ret_secret,
			  struct err *err) __attribute__((nonnull(2, 3, 4, 5), warn_unused_result));

/* Frees what it holds, and overwrites the key before. For CLEANUP(). */
void authority_release(struct authority *authority) __attribute__((nonnull));

#endif
