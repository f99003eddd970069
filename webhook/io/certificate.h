/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A serving certificate: chain and private key. It never changes; several holders share one by
 * counted references, so that a connection keeps the one it began with while new ones get the next.
 */
#ifndef SIDEWIRE_WEBHOOK_CERTIFICATE_H
#define SIDEWIRE_WEBHOOK_CERTIFICATE_H

#include <gnutls/abstract.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/base/err.h"

enum {
	CERTIFICATE_FILE_SIZE_MAX = 256 * 1024, /* bytes of a chain or key file */
	CERTIFICATE_CHAIN_MAX = 16,             /* certificates in a chain */
};

struct certificate;

/*
 * Reads a chain, the leaf first, and its key from PEM texts of these lengths. *ret_certificate has
 * one reference. -EINVAL for what is no PEM, a key that does not belong to the leaf, a certificate
 * that is over or has not begun; -ENOMEM.
 */
int certificate_from_pem(const char *chain, size_t chain_length, const char *key, size_t key_length,
			 struct certificate **ret_certificate, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The same from two files, which messages name. Also what reading them says. */
int certificate_load(const char *chain_path, const char *key_path,
		     struct certificate **ret_certificate, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Gives a reference back; the last one frees it. NULL is allowed. */
void certificate_unref(struct certificate *certificate);

/* Chain and key as GnuTLS takes them, valid as long as the reference is held. */
void certificate_get(struct certificate *certificate, gnutls_pcert_st **ret_chain,
		     unsigned int *ret_chain_length, gnutls_privkey_t *ret_key)
	__attribute__((nonnull));

/* The end of the leaf's validity, Unix time. */
time_t certificate_not_after(const struct certificate *certificate) __attribute__((nonnull));

/* Where servers find the certificate in force, and others replace it, from any thread. */
struct certificate_slot {
	pthread_mutex_t mutex;
	struct certificate *current; /* one reference is the slot's */
};

/* Takes over the caller's reference; NULL: there is none yet. */
void certificate_slot_init(struct certificate_slot *slot, struct certificate *certificate)
	__attribute__((nonnull(1)));

/* Takes over the caller's reference, and gives the one before back. */
void certificate_slot_replace(struct certificate_slot *slot, struct certificate *certificate)
	__attribute__((nonnull));

/* A reference to the certificate in force, for the caller to give back; NULL while there is none.
 */
struct certificate *certificate_slot_get(struct certificate_slot *slot) __attribute__((nonnull));

/* Whether there is a certificate in force. */
bool certificate_slot_is_filled(struct certificate_slot *slot) __attribute__((nonnull));

/* Gives the slot's reference back; nobody may use the slot any more. */
void certificate_slot_release(struct certificate_slot *slot) __attribute__((nonnull));

#endif
