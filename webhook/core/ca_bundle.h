/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to stand in the caBundle of our webhook entries, and the JSON patch that puts it there.
 *
 * The field is ours. Wanted are the Secret's authority; the one that signed what this replica
 * serves, while that is another; and "former" authorities: those that stand there already, as they
 * do while the authority is being replaced and other replicas still serve certificates of the old
 * one. A former authority goes LEAF_VALIDITY_SECONDS after it was first seen there, when all
 * that it has signed is over. Everything else is replaced. What somebody takes out is put back only
 * when it is one of the first two. Two bundles with the same certificates are equal, whatever their
 * order and their text, and then nothing is written; so replicas agree, and do not fight.
 */
#ifndef SIDEWIRE_WEBHOOK_CA_BUNDLE_H
#define SIDEWIRE_WEBHOOK_CA_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/base/err.h"
#include "webhook/core/authority.h"

enum {
	CA_ENTRIES_MAX = 16,     /* webhook entries of a configuration */
	CA_CERTIFICATES_MAX = 8, /* of a caBundle that is kept; one with more is replaced */
	CA_FORMERS_MAX = CA_CERTIFICATES_MAX - 2, /* with the two of ours that is a full caBundle */
};

struct ca_certificate {
	char *pem; /* owned; the same certificate has always the same text, which ends in '\n' */
	bool is_authority;
	struct validity validity;
};

/* What stands in one entry's caBundle. */
struct ca_bundle {
	struct ca_certificate certificates[CA_CERTIFICATES_MAX];
	size_t count;
	bool is_foreign; /* it holds what is no certificate, or too many: to be replaced */
};

/* Frees what it holds, and makes it empty. For CLEANUP(). */
void ca_bundle_release(struct ca_bundle *bundle) __attribute__((nonnull));

/* Authorities that were seen beside ours, and since when. Begins zeroed; one for each replica. */
struct ca_formers {
	struct {
		char *pem; /* owned */
		time_t since;
	} items[CA_FORMERS_MAX];
	size_t count;
};

/* Frees what it holds, and makes it empty. For CLEANUP(). */
void ca_formers_release(struct ca_formers *formers) __attribute__((nonnull));

/* Borrowed. */
struct ca_bundle_question {
	const struct ca_bundle *in_force; /* of each entry, in the order of the configuration */
	size_t entry_count;
	const char *resource_version; /* of the configuration that they were read from */
	const char *authority;        /* PEM of the Secret's */
	const char *served;           /* PEM of the one that signed what is served; may be equal */
};

/* Whether the certificate stands in the caBundle of every entry, of which there is at least one. */
bool ca_bundle_is_trusted(const struct ca_bundle_question *question, const char *pem)
	__attribute__((nonnull));

/*
 * Decides what is to be written. *ret_patch is NULL when nothing is; else an RFC 6902 patch of the
 * configuration, owned by the caller: first a test of the resourceVersion, so that no other state
 * than the one in question is hit, then one "add" for each entry that differs. Brings `formers` up
 * to date. -ENOMEM.
 */
int ca_bundle_decide(const struct ca_bundle_question *question, time_t now,
		     struct ca_formers *formers, json_t **ret_patch, struct err *err)
	__attribute__((nonnull, warn_unused_result));

#endif
