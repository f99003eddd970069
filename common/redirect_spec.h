/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The redirect document: the contract between the webhook, which writes it into the annotation
 * sidewire.io/redirect, and the CNI plugin, which reads it. This is the one place that encodes and
 * decodes it.
 *
 * It is compact JSON, and everything in it is resolved: the plugin applies no default and looks
 * nothing up. Lists are strings in the grammar of the annotations ("80,8000-8010",
 * "10.0.0.0/8,fd00::/8"), so that a policy language that can only join strings could write the
 * document as well. "All" is written out: 1-65535, 0.0.0.0/0,::/0.
 *
 *   {"version":1,"mode":"none"}
 *   {"version":1,"mode":"redirect","outboundPort":15001,"inboundPort":15006,"gatePort":15999,
 *    "proxyUids":"15099","proxyGids":"","proxyMark":0,"selfCall":"passthrough","inboundSource":"127.0.0.6,::6",
 *    "includeInboundPorts":"1-65535","excludeInboundPorts":"15021","excludeInboundCidrs":"",
 *    "includeOutboundPorts":"1-65535","excludeOutboundPorts":"","includeOutboundCidrs":"0.0.0.0/0,::/0",
 *    "excludeOutboundCidrs":"","excludeUids":"","excludeGids":""}
 *
 * Version 2 has more modes, and behind the fields of version 1 these; "none" has none of either:
 *
 *   "excludeInterfaces":"net1","rerouteInterfaces":"","portMap":"12220:15003","dnsPort":15053,
 *   "dnsServers":"0.0.0.0/0,::/0","dropInvalid":false,"nonTcp":"allow"
 *
 * A writer takes the lowest version that can say it: a node's plugin may be older than the webhook.
 */
#ifndef SIDEWIRE_REDIRECT_SPEC_H
#define SIDEWIRE_REDIRECT_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/base/interface_list.h"
#include "common/base/port_map.h"
#include "common/base/range_list.h"

enum {
	REDIRECT_SPEC_VERSION = 2,          /* the newest that is read */
	REDIRECT_SPEC_SIZE_MAX = 64 * 1024, /* bytes; all annotations of an object share 256 KiB */
};

/* The marks that rules of ours put on packets, and that no proxy may have for its own. */
enum {
	REDIRECT_MARK_FIRST = 0x51de0001,
	REDIRECT_MARK_LAST = 0x51de000f,
};

enum redirect_mode {
	REDIRECT_MODE_NONE,        /* no rule of ours is in force; other fields are zero */
	REDIRECT_MODE_REDIRECT,    /* nat REDIRECT both ways */
	REDIRECT_MODE_TPROXY,      /* inbound TPROXY, outbound nat REDIRECT */
	REDIRECT_MODE_TPROXY_BOTH, /* TPROXY both ways: no NAT, no conntrack */
};

/* What happens to the proxy's own connection to an own address of the pod. */
enum self_call {
	SELF_CALL_PASSTHROUGH, /* it passes */
	SELF_CALL_INBOUND,     /* to the inbound port; for proxies that bind inbound_source */
};

/* What becomes of traffic that no proxy takes: all but TCP, loopback and DNS. */
enum non_tcp {
	NON_TCP_ALLOW,
	NON_TCP_REJECT_QUIC, /* UDP to port 443 is rejected */
	NON_TCP_REJECT,      /* everything but ICMP errors is */
};

struct redirect_spec {
	enum redirect_mode mode;
	uint16_t outbound_port; /* host byte order, 1 to 65535, as are the other two */
	uint16_t inbound_port;
	uint16_t gate_port; /* 0: no gate */
	/* These three say who the proxy is; at least one of them does. */
	struct range_list proxy_uids;
	struct range_list proxy_gids;
	uint32_t proxy_mark; /* SO_MARK of the proxy's sockets; 0: none */
	enum self_call self_call;
	/* Single addresses, at most one a family, that the proxy binds towards the application. */
	struct cidr_list inbound_source;
	struct range_list include_inbound_ports;
	struct range_list exclude_inbound_ports;
	struct cidr_list exclude_inbound_cidrs;
	struct range_list include_outbound_ports;
	struct range_list exclude_outbound_ports;
	struct cidr_list include_outbound_cidrs;
	struct cidr_list exclude_outbound_cidrs;
	struct range_list exclude_uids;
	struct range_list exclude_gids;
	/* What comes in or goes out there is left alone. */
	struct interface_list exclude_interfaces;
	/* What comes in there is treated as outbound: of a VM or a container inside of the pod. */
	struct interface_list reroute_interfaces;
	struct port_map port_map; /* outbound */
	uint16_t dns_port; /* where UDP and TCP to port 53 of dns_servers go; 0: DNS is not captured
			    */
	struct cidr_list dns_servers;
	bool drop_invalid; /* what conntrack finds invalid is dropped */
	enum non_tcp non_tcp;
};

/* The mode of that name. -EINVAL, naming the text and the modes that exist. */
int redirect_mode_parse(const char *text, enum redirect_mode *ret_mode, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The treatment of that name, "allow", "reject-quic" or "reject". -EINVAL, naming the text and the
 * three. */
int non_tcp_parse(const char *text, enum non_tcp *ret_non_tcp, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The treatment of that name, "passthrough" or "inbound". -EINVAL, naming the text and the two. */
int self_call_parse(const char *text, enum self_call *ret_self_call, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Checks what no single field can: that the ports differ from each other and from GATE_SOURCE_PORT,
 * and those that port_map leads to from the gate's; that the proxy has an identity, that
 * inbound_source are single addresses that lo can have for the proxy alone (of 127.0.0.0/8 without
 * 127.0.0.1; of IPv6 no ::, ::1, link-local, multicast); that dns_servers are there with dns_port
 * and only then; that mode tproxy-both, which has no conntrack, is without drop_invalid and has a
 * proxy_mark; that this is none of ours; that no interface is both excluded and rerouted; and that
 * lists that were put together, not parsed, keep the bounds of parsed ones. -EINVAL or -E2BIG with
 * the reason.
 */
int redirect_spec_check(const struct redirect_spec *spec, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Writes the document; the same spec always gives the same bytes. The caller frees *ret_text.
 * -E2BIG over REDIRECT_SPEC_SIZE_MAX; -ENOMEM; what redirect_spec_check() says.
 */
int redirect_spec_encode(const struct redirect_spec *spec, char **ret_text, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Reads the document. The caller releases *ret_spec. -EINVAL, or -ERANGE for a number of a list,
 * for what is no document of this version: another version (the message says to upgrade the node),
 * an unknown or a missing field, a value out of range; -E2BIG; -ENOMEM.
 */
int redirect_spec_decode(const char *text, size_t length, struct redirect_spec *ret_spec,
			 struct err *err) __attribute__((nonnull, warn_unused_result));

/* Frees all lists; the spec is zero afterwards. For CLEANUP(). */
void redirect_spec_release(struct redirect_spec *spec) __attribute__((nonnull));

#endif
