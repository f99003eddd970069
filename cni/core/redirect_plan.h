/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a redirect document to what carries it out, as plain values: rules in order, addresses on
 * lo, policy routes, sysctls. It is told without any backend's bytes; a backend encodes it
 * (ipt_entry), redirect_text prints it, plan_evaluate says what becomes of a packet.
 *
 * What comes in is captured where it is sent to an address of the pod's own, or the host's: what is
 * only forwarded passes.
 *
 * The order inside a chain is the order in the kernel, and the first match that ends ends it.
 * tests/golden/plan shows plans.
 *
 * How the modes do it. `redirect`: chains of nat alone. `tproxy`: inbound in mangle by TPROXY,
 * outbound in nat. `tproxy-both`: no nat. What the application sends to others is marked
 * PLAN_MARK_OUTBOUND in mangle OUTPUT; a policy rule sends that mark to lo, where mangle PREROUTING
 * gives it to the proxy's socket. Without conntrack nobody knows which packets are answers, so the
 * sockets know it: the sysctl net.ipv4.tcp_fwmark_accept (which is IPv6's too) gives a socket that
 * is accepted the mark of its SYN, and fwmark_reflect, which each family has, gives what no socket
 * answers the mark of what it answers. What comes from outside is marked PLAN_MARK_PAST, and
 * answers with that mark pass: those of the application past the proxy, and those of the proxy's
 * sockets that are closed, which have no owner any more. Those that the proxy has opened and closed
 * are known by the mark that it gave them. What the proxy sends to the application in a caller's
 * name, with an address that is not the pod's, is marked PLAN_MARK_BACK, and a policy rule sends
 * the answers back to lo. The other marks are taken off in mangle INPUT, for the proxy's sockets
 * not to get them.
 */
#ifndef SIDEWIRE_CNI_REDIRECT_PLAN_H
#define SIDEWIRE_CNI_REDIRECT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/base/interface_list.h"
#include "common/redirect_spec.h"

enum {
	PLAN_PORT_SLOTS = 15,   /* xt_multiport's XT_MULTI_PORTS: a port takes one, a range two */
	PLAN_ICMP_SLOTS = 16,   /* types that one rule names */
	PLAN_RULES_MAX = 16384, /* more than this is refused, not programmed */
};

/* What packets, and sockets that were accepted, are marked with; see above. */
enum plan_mark {
	PLAN_MARK_NONE = 0,
	PLAN_MARK_OUTBOUND = REDIRECT_MARK_FIRST, /* to the proxy by way of lo */
	PLAN_MARK_INBOUND, /* is on lo anyway, and goes to the proxy's inbound port there */
	PLAN_MARK_PAST,    /* came from outside, and its answers go out past the proxy */
	PLAN_MARK_BACK,    /* the proxy sent it in a caller's name; its answers go by way of lo */
};

/* The route of the marks that go by way of lo: `local default dev lo` in a table of ours. */
enum {
	PLAN_ROUTE_TABLE = 15998,    /* a routing table's number */
	PLAN_ROUTE_PRIORITY = 15998, /* of the policy rules that lead to it */
	PLAN_ROUTE_MARKS = 2,
};

enum plan_table {
	PLAN_TABLE_RAW,
	PLAN_TABLE_MANGLE,
	PLAN_TABLE_FILTER,
	PLAN_TABLE_NAT,
	PLAN_TABLE_COUNT,
};

/* Chains of ours. Each family has all of them that hold a rule. A rule leads only to a chain of its
 * table that comes later here. */
enum plan_chain {
	PLAN_CHAIN_ZONE_IN,         /* SIDEWIRE_ZONE_IN: raw, from PREROUTING */
	PLAN_CHAIN_ZONE_OUT,        /* SIDEWIRE_ZONE_OUT: raw, from OUTPUT */
	PLAN_CHAIN_TPROXY,          /* SIDEWIRE_TPROXY: mangle, from PREROUTING */
	PLAN_CHAIN_TPROXY_REROUTED, /* SIDEWIRE_TPROXY_REROUTED: mangle, as REROUTED */
	PLAN_CHAIN_TPROXY_CAPTURE,  /* SIDEWIRE_TPROXY_CAPTURE: mangle, as CAPTURE */
	PLAN_CHAIN_TPROXY_OUT,      /* SIDEWIRE_TPROXY_OUT: mangle, to the proxy on its way out */
	PLAN_CHAIN_DELIVER,         /* SIDEWIRE_DELIVER: mangle, from INPUT */
	PLAN_CHAIN_MARK,            /* SIDEWIRE_MARK: mangle, from OUTPUT */
	PLAN_CHAIN_MARK_PROXY,      /* SIDEWIRE_MARK_PROXY: the proxy's own */
	PLAN_CHAIN_MARK_CAPTURE,  /* SIDEWIRE_MARK_CAPTURE: included ports of included destinations
				   */
	PLAN_CHAIN_MARK_INBOUND,  /* SIDEWIRE_MARK_INBOUND: marks PLAN_MARK_INBOUND */
	PLAN_CHAIN_MARK_OUTBOUND, /* SIDEWIRE_MARK_OUTBOUND: marks PLAN_MARK_OUTBOUND */
	PLAN_CHAIN_INVALID,       /* SIDEWIRE_INVALID: filter, from INPUT */
	PLAN_CHAIN_NON_TCP,       /* SIDEWIRE_NON_TCP: filter, from OUTPUT */
	PLAN_CHAIN_INBOUND,       /* SIDEWIRE_INBOUND: nat, from PREROUTING */
	PLAN_CHAIN_OUTBOUND,      /* SIDEWIRE_OUTBOUND: nat, from OUTPUT */
	PLAN_CHAIN_PROXY,         /* SIDEWIRE_PROXY: nat, the proxy's own */
	PLAN_CHAIN_REROUTED,      /* SIDEWIRE_REROUTED: nat, from inside of the pod's VM */
	PLAN_CHAIN_CAPTURE,       /* SIDEWIRE_CAPTURE: nat, as MARK_CAPTURE */
	PLAN_CHAIN_COUNT,
};

enum plan_family {
	PLAN_V4 = 1,
	PLAN_V6 = 2,
	PLAN_BOTH = PLAN_V4 | PLAN_V6,
};

enum plan_protocol {
	PLAN_ANY_PROTOCOL,
	PLAN_TCP,
	PLAN_UDP,
	PLAN_ICMP, /* of the rule's family, which is one: ICMP or ICMPv6 */
};

/* Of which TCP segments; the matches of tcp's SYN are `--syn` and `! --syn`: of SYN, RST, ACK, FIN
 * only SYN is set. */
enum plan_segment { PLAN_ANY_SEGMENT, PLAN_SYN, PLAN_NOT_SYN };

/* What conntrack says. */
enum plan_state {
	PLAN_ANY_STATE,
	PLAN_INVALID,    /* it belongs to no connection, and can open none */
	PLAN_REPLY,      /* it goes against the direction in which its connection was opened */
	PLAN_TRANSLATED, /* NAT has changed an address or a port of its connection's first packet */
};

enum plan_verdict {
	PLAN_PASS,     /* leaves our chains: the packet goes on as if we were not there */
	PLAN_REDIRECT, /* nat REDIRECT to `port` */
	PLAN_TPROXY,   /* to the socket on `port` that has IP_TRANSPARENT; the packet keeps its mark
			*/
	PLAN_MARK,     /* gets `set_mark`, and goes on with the next rule */
	PLAN_ZONE,     /* conntrack keeps it in `zone`; leaves our chains */
	PLAN_REJECT,   /* is answered with ICMP's port unreachable */
	PLAN_DROP,
	PLAN_GOTO, /* goes on in `target_chain`, and does not come back */
};

/* A rule matches when everything holds that is set in it; what is zero is not asked. */
struct plan_rule {
	enum plan_chain chain;
	enum plan_family families;
	enum plan_protocol protocol; /* needed by every port match: TCP or UDP */
	enum plan_segment segment;   /* of TCP only */
	enum plan_state state;
	struct interface_name in_interface;  /* not for OUTPUT */
	struct interface_name out_interface; /* OUTPUT only; "lo": the destination is the pod's */
	bool has_socket; /* some socket of the pod has just these addresses and ports, or listens on
			    just this address; PREROUTING only */
	bool has_source;
	bool has_destination;
	bool is_destination_negated; /* everything but `destination` */
	bool is_source_foreign;      /* no address of the pod's own */
	bool is_destination_foreign; /* the same */
	bool has_uid;                /* the socket's owner; OUTPUT only */
	bool has_gid;
	bool has_mark; /* the packet's mark; in OUTPUT it has its socket's */
	struct cidr source;
	struct cidr destination;
	uint16_t source_port; /* host byte order, as all ports; 0: any */
	/* The destination port is in one of the first port_count ranges; 0: any. */
	size_t port_count;
	struct range ports[PLAN_PORT_SLOTS];
	/* ICMP's type is one of the first icmp_count; 0: any. */
	size_t icmp_count;
	uint8_t icmp_types[PLAN_ICMP_SLOTS];
	struct range uids;
	struct range gids;
	uint32_t mark;
	enum plan_verdict verdict;
	uint16_t port;                /* of PLAN_REDIRECT and PLAN_TPROXY */
	uint16_t zone;                /* of PLAN_ZONE */
	uint32_t set_mark;            /* of PLAN_MARK; 0 takes it off */
	enum plan_chain target_chain; /* of PLAN_GOTO */
	const char *why; /* static; what the rule is for, in plain words, without the values */
};

struct redirect_plan {
	struct plan_rule *rules; /* owned; by chain, and in a chain in order of evaluation */
	size_t count;
	/* Packets with these marks are routed to lo, in every family that is programmed. Where
	 * there are any, tcp_fwmark_accept and fwmark_reflect are set. */
	uint32_t route_marks[PLAN_ROUTE_MARKS];
	size_t route_count;
	/* IPv6 addresses that the proxy binds towards the application: they are to be on lo where
	 * IPv6 is programmed. Owned. */
	struct cidr_list lo_addresses;
	/* Where the gate's rule is: committed last, so that an open gate means that all is in
	 * force; behind it only come tables that lose chains. */
	enum plan_table gate_table;
};

/* The chain's name in the kernel. All start with "SIDEWIRE_": whatever does so is ours. */
const char *plan_chain_name(enum plan_chain chain);

/* The table that the chain is in, and a table's name: "raw", "mangle", "filter", "nat". */
enum plan_table plan_chain_table(enum plan_chain chain);
const char *plan_table_name(enum plan_table table);

/* The built-in chain that jumps to ours; NULL for a chain that only chains of ours reach. */
const char *plan_chain_hook(enum plan_chain chain);

/*
 * Builds the plan of a document; mode `none` has no rules. The rules are those of the document in
 * canonical form: none twice, none that matches nothing. The document is one that
 * redirect_spec_check() accepts. The caller releases the plan. -E2BIG over PLAN_RULES_MAX; -ENOMEM.
 */
int redirect_plan_build(const struct redirect_spec *spec, struct redirect_plan *ret_plan,
			struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees what it holds; the plan is empty afterwards. For CLEANUP(). */
void redirect_plan_release(struct redirect_plan *plan) __attribute__((nonnull));

#endif
