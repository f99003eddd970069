/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile: what is put into a pod, as data. Read from a document (YAML became JSON before it came
 * here), checked whole, and then only read: many threads may use one profile set at once.
 */
#ifndef SIDEWIRE_WEBHOOK_PROFILE_H
#define SIDEWIRE_WEBHOOK_PROFILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/redirect_spec.h"
#include "webhook/core/parameter.h"

enum {
	PROFILE_SIZE_MAX = 1024 * 1024, /* bytes of one document */
	PROFILE_COUNT_MAX = 256,        /* profiles of one set */
	PROFILE_HASH_SIZE = 13,         /* 12 hexadecimal digits and the NUL */
};

enum gate {
	GATE_NONE,  /* the application does not wait */
	GATE_PROBE, /* a startupProbe on the gate port */
	GATE_EXEC,  /* a postStart that runs sidewire-gate from an image volume */
};

struct profile {
	char *name;
	char hash[PROFILE_HASH_SIZE]; /* of the document's content, canonical: SHA-256, its first 12
					 digits */
	struct parameter *parameters; /* in the order of the document */
	size_t parameter_count;
	json_t *pod;         /* the overlay, an object, its parameters not yet put in; never NULL */
	json_t *apps;        /* the same for each application container; NULL: there is none */
	const char *first;   /* the overlay's init container that runs before all others, sidecars
				too; borrowed from `pod`; NULL: there is none */
	bool needs_redirect; /* it means something only beside a profile that redirects */
	bool is_redirecting; /* the document has `redirect`; only then the rest means something */
	struct redirect_spec redirect; /* mode not none; gate_port is set, whatever `gate` says, and
					  so is dns_port, whatever `is_capturing_dns` */
	bool is_capturing_dns;         /* of pods that do not say; only with a dns_port */
	char *container;               /* the proxy's container in the overlay */
	enum gate gate;
	uint16_t probe_port; /* where its sidecar answers probes of others; 0: it does not */
	char *probe_env;     /* the sidecar's variable that tells it of them; NULL: it does not */
};

struct profile_set {
	struct profile *profiles; /* sorted by name */
	size_t count;
};

/* The gate of that name, "probe", "exec" or "none". -EINVAL, naming the text and the three. */
int gate_parse(const char *text, enum gate *ret_gate, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The word for a gate, which gate_parse() reads back. Static. */
const char *gate_name(enum gate gate);

/*
 * Reads one profile document (apiVersion sidewire.io/v1alpha1, kind SidecarProfile). The caller
 * releases *ret_profile. -EINVAL (-ERANGE, -E2BIG, -ENOTSUP) with the path in the document
 * ("spec.redirect.outboundPort: ...") for whatever is wrong with it, unknown keys and parameters
 * that the overlay uses but nobody declared included; -ENOMEM.
 */
int profile_read(json_t *document, struct profile *ret_profile, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Frees what the profile owns. For CLEANUP(). */
void profile_release(struct profile *profile) __attribute__((nonnull));

/*
 * Moves a profile into the set, which owns it then; *profile is zero afterwards. -EEXIST for a name
 * twice; -E2BIG over PROFILE_COUNT_MAX; -ENOMEM.
 */
int profile_set_add(struct profile_set *set, struct profile *profile, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The profile of that name (`length` bytes), or NULL. */
const struct profile *profile_set_find(const struct profile_set *set, const char *name,
				       size_t length) __attribute__((nonnull));

/* Frees all profiles. For CLEANUP(). */
void profile_set_release(struct profile_set *set) __attribute__((nonnull));

#endif
