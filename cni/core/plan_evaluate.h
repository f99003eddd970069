/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a packet under a plan, and because of which rule: the kernel's walk over our
 * chains, in the order of its hooks, with nothing of the kernel. `sidewire-redirect explain` tells
 * it; the traffic tests hold it against the kernel.
 */
#ifndef SIDEWIRE_CNI_PLAN_EVALUATE_H
#define SIDEWIRE_CNI_PLAN_EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cni/core/redirect_plan.h"

/* The first packet of a connection, or a single one of another protocol. */
struct packet {
	bool is_inbound; /* comes in by `interface`; otherwise a process of the pod sends it */
	enum plan_protocol protocol; /* PLAN_ANY_PROTOCOL: neither TCP nor UDP nor ICMP */
	struct cidr source;          /* single addresses, of one family */
	struct cidr destination;
	uint16_t source_port; /* host byte order; 0 without ports */
	uint16_t destination_port;
	uint8_t icmp_type;
	struct interface_name interface; /* "lo" where the destination is the pod's own */
	bool is_source_own;              /* one of the pod's own addresses, loopback included */
	bool is_destination_own;
	uint32_t uid; /* of the sending socket; not inbound */
	uint32_t gid;
	uint32_t mark;
};

enum packet_fate {
	FATE_PASS,     /* goes where it was sent to, past the proxy */
	FATE_PROXY,    /* to the proxy's `port` */
	FATE_REJECTED, /* the sender gets an ICMP error */
	FATE_DROPPED,
};

struct packet_verdict {
	enum packet_fate fate;
	uint16_t port;
	/* The rule that decided; NULL where no rule matched. Borrowed from the plan. */
	const struct plan_rule *rule;
	size_t rule_number; /* from 1, in its chain */
};

/* Walks the plan. A packet that a policy route sends back by lo is followed there. */
struct packet_verdict plan_evaluate(const struct redirect_plan *plan, const struct packet *packet)
	__attribute__((nonnull));

#endif
