/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a redirect document to the ordered rules that carry it out, as plain values: what is to be
 * in force, told without any backend's bytes. A backend encodes it (ipt_entry), redirect_text
 * prints it.
 *
 * The order inside a chain is the order in the kernel, and the first match wins. What is captured
 * is TCP. tests/golden/plan shows plans.
 */
#ifndef SIDEWIRE_CNI_REDIRECT_PLAN_H
#define SIDEWIRE_CNI_REDIRECT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/redirect_spec.h"

enum {
	PLAN_PORT_SLOTS = 15,   /* xt_multiport's XT_MULTI_PORTS: a port takes one, a range two */
	PLAN_RULES_MAX = 16384, /* more than this is refused, not programmed */
};

/* Chains of ours, all in the nat table. Each family has all of them that hold a rule. */
enum plan_chain {
	PLAN_CHAIN_INBOUND,  /* SIDEWIRE_INBOUND: from PREROUTING */
	PLAN_CHAIN_OUTBOUND, /* SIDEWIRE_OUTBOUND: from OUTPUT */
	PLAN_CHAIN_PROXY,    /* SIDEWIRE_PROXY: the proxy's own; what falls through passes */
	PLAN_CHAIN_CAPTURE,  /* SIDEWIRE_CAPTURE: included ports of included destinations */
	PLAN_CHAIN_COUNT,
};

enum plan_family {
	PLAN_V4 = 1,
	PLAN_V6 = 2,
	PLAN_BOTH = PLAN_V4 | PLAN_V6,
};

enum plan_verdict {
	PLAN_PASS,     /* leaves our chains: the packet goes on as if we were not there */
	PLAN_REDIRECT, /* nat REDIRECT to `port` */
	PLAN_GOTO,     /* goes on in `target_chain`, and does not come back */
};

/* A rule matches when everything holds that is set in it; what is zero is not asked. */
struct plan_rule {
	enum plan_chain chain;
	enum plan_family families;
	bool is_tcp;      /* only TCP; needed by every port match */
	bool is_loopback; /* leaves by the interface lo; OUTPUT only */
	bool has_source;
	bool has_destination;
	bool is_destination_negated; /* everything but `destination` */
	bool has_uid;                /* the socket's owner; OUTPUT only */
	bool has_gid;
	bool has_mark; /* the socket's mark; OUTPUT only */
	struct cidr source;
	struct cidr destination;
	uint16_t source_port; /* host byte order, as all ports; 0: any */
	/* The destination port is in one of the first port_count ranges; 0: any. */
	size_t port_count;
	struct range ports[PLAN_PORT_SLOTS];
	struct range uids;
	struct range gids;
	uint32_t mark;
	enum plan_verdict verdict;
	uint16_t port;                /* of PLAN_REDIRECT */
	enum plan_chain target_chain; /* of PLAN_GOTO */
	const char *why; /* static; what the rule is for, in plain words, without the values */
};

struct redirect_plan {
	struct plan_rule *rules; /* owned; by chain, and in a chain in order of evaluation */
	size_t count;
};

/* The chain's name in the kernel. All start with "SIDEWIRE_": whatever does so is ours. */
const char *plan_chain_name(enum plan_chain chain);

/* The built-in chain that jumps to ours; NULL for a chain that only chains of ours reach. */
const char *plan_chain_hook(enum plan_chain chain);

/*
 * Builds the plan of a document; mode `none` has no rules. The rules are those of the document in
 * canonical form: none twice, none that matches nothing. The document is one that
 * redirect_spec_check() accepts. The caller releases the plan. -E2BIG over PLAN_RULES_MAX; -ENOMEM.
 */
int redirect_plan_build(const struct redirect_spec *spec, struct redirect_plan *ret_plan,
			struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees the rules; the plan is empty afterwards. For CLEANUP(). */
void redirect_plan_release(struct redirect_plan *plan) __attribute__((nonnull));

#endif
