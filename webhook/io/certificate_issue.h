/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A serving certificate of an authority of our own, made at start: for machines without a cluster.
 * The authority signs once; its key is gone when the function returns.
 */
#ifndef SIDEWIRE_WEBHOOK_CERTIFICATE_ISSUE_H
#define SIDEWIRE_WEBHOOK_CERTIFICATE_ISSUE_H

#include <stddef.h>

#include "common/base/err.h"

enum {
	ISSUE_VALIDITY_SECONDS = 30 * 24 * 3600, /* of both certificates; nothing renews them */
	ISSUE_BACKDATE_SECONDS = 60,             /* for clients whose clock is behind */
	ISSUE_NAMES_MAX = 64,
};

/* PEM texts, NUL terminated, owned. */
struct issued_certificate {
	char *authority; /* the certificate to trust */
	char *leaf;      /* the certificate to serve */
	char *key;       /* its private key, PKCS #8 */
};

/*
 * Makes an authority (ECDSA, P-256) and a certificate for the names: DNS names, a "*." in front
 * included, and IP addresses of both families. The caller releases *ret_issued. -EINVAL, naming it,
 * for a name that is neither; -E2BIG over ISSUE_NAMES_MAX; -ENOMEM; -EIO when GnuTLS fails.
 */
int certificate_issue(const char *const *names, size_t name_count,
		      struct issued_certificate *ret_issued, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the texts, and overwrites the key before. For CLEANUP(). */
void issued_certificate_release(struct issued_certificate *issued) __attribute__((nonnull));

#endif
