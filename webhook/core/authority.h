/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the authority of a cluster is made and replaced, and when a replica gets itself a new
 * serving certificate. All times are Unix times; what is read and made is others' work.
 *
 * The authority is replaced when a tenth of its life is left, its serving certificates when a third
 * of theirs is; and so is one whose time has not begun, since no API server believes what it signs:
 * it comes from a replica whose clock is ahead, for which a new one of ours has begun, too, so they
 * agree. A replica takes a certificate of a new authority only when all webhook entries have
 * trusted that for a while: API servers learn of a caBundle by a watch of their own.
 */
#ifndef SIDEWIRE_WEBHOOK_AUTHORITY_H
#define SIDEWIRE_WEBHOOK_AUTHORITY_H

#include <stdbool.h>
#include <time.h>

enum {
	AUTHORITY_VALIDITY_SECONDS = 365 * 24 * 3600,
	AUTHORITY_REST = 10, /* replaced when this part of its life is left */
	/* Between two that one replica makes: who takes them away again and again, or has a clock
	 * years from ours, is not answered faster. */
	AUTHORITY_PAUSE_SECONDS = 10,
	LEAF_VALIDITY_SECONDS = 24 * 3600,
	LEAF_REST = 3,
	AUTHORITY_SETTLE_SECONDS = 5,
};

/* Both ends are included. */
struct validity {
	time_t not_before;
	time_t not_after;
};

enum authority_action {
	AUTHORITY_KEEP,    /* also for want of time since the last one */
	AUTHORITY_CREATE,  /* there is no Secret */
	AUTHORITY_REPLACE, /* the Secret holds no authority, or one that is not in its time */
};

/* What the Secret holds. */
struct authority_state {
	bool is_there;            /* the Secret */
	bool is_usable;           /* it holds an authority's certificate and its key */
	struct validity validity; /* of a usable one */
	time_t made;              /* when this replica last made one; 0: it never did */
};

/* What is to be done about the Secret. */
enum authority_action authority_decide(const struct authority_state *state, time_t now)
	__attribute__((nonnull));

/* What a replica serves. */
struct leaf_state {
	bool is_there;
	bool is_of_authority;     /* the Secret's authority has signed it */
	struct validity validity; /* of one that is there */
	time_t trusted_since;     /* all entries' caBundles hold the Secret's authority; 0: no */
};

/* Whether the Secret's authority is to sign a new serving certificate now. */
bool leaf_should_be_issued(const struct leaf_state *state, time_t now) __attribute__((nonnull));

#endif
