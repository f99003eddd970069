/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Authorities of our own, and serving certificates that they sign: ECDSA on P-256, X.509 v3.
 */
#ifndef SIDEWIRE_WEBHOOK_CERTIFICATE_ISSUE_H
#define SIDEWIRE_WEBHOOK_CERTIFICATE_ISSUE_H

#include <stddef.h>
#include <time.h>

#include "common/base/err.h"

enum {
	ISSUE_BACKDATE_SECONDS = 60, /* for clients whose clock is behind */
	ISSUE_NAMES_MAX = 64,
};

/* PEM texts, NUL terminated, owned. */
struct issued_certificate {
	char *certificate;
	char *key; /* its private key, PKCS #8 */
};

/*
 * Makes an authority that signs itself, and may sign certificates of servers only. The caller
 * releases *ret_authority. -ENOMEM; -EIO when GnuTLS fails.
 */
int issue_authority(time_t validity_seconds, struct issued_certificate *ret_authority,
		    struct err *err) __attribute__((nonnull, warn_unused_result));

/* What a serving certificate is to be. Borrowed. */
struct issue_request {
	const char *const *names; /* DNS names, a "*." in front included, and IP addresses of both
				     families */
	size_t name_count;
	time_t validity_seconds; /* cut where the authority's own ends */
};

/*
 * Makes a serving certificate, signed by the authority, whose key may be of another kind than ours
 * are. The caller releases *ret_leaf. -EINVAL, naming it, for a name that is neither, and for an
 * authority that is not readable; -E2BIG over ISSUE_NAMES_MAX; -ENOMEM; -EIO when GnuTLS fails.
 */
int issue_leaf(const struct issued_certificate *authority, const struct issue_request *request,
	       struct issued_certificate *ret_leaf, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees the texts, and overwrites the key before. For CLEANUP(). */
void issued_certificate_release(struct issued_certificate *issued) __attribute__((nonnull));

#endif
