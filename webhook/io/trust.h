/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates to trust: reading a caBundle, and asking whether it verifies what is served. */
#ifndef SIDEWIRE_WEBHOOK_TRUST_H
#define SIDEWIRE_WEBHOOK_TRUST_H

#include "common/base/err.h"
#include "webhook/core/ca_bundle.h"

/*
 * Reads the value of a caBundle: base64 of PEM; NULL or "" is an empty one. What is no such thing
 * is no failure but a bundle that is_foreign, and empty. The caller releases *ret_bundle. -ENOMEM.
 */
int trust_read(const char *base64, struct ca_bundle *ret_bundle, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));

/*
 * Verifies now, as an API server does in its TLS handshake, that the certificate (PEM) is one for a
 * server of that DNS name, signed by an authority of the bundle. -EINVAL, and why it is not;
 * -ENOMEM.
 */
int trust_verify(const struct ca_bundle *bundle, const char *certificate, const char *dns_name,
		 struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
