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
 */
#ifndef SIDEWIRE_REDIRECT_SPEC_H
#define SIDEWIRE_REDIRECT_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/base/range_list.h"

enum {
	REDIRECT_SPEC_VERSION = 1,
	REDIRECT_SPEC_SIZE_MAX = 64 * 1024, /* bytes; all annotations of an object share 256 KiB */
};

enum redirect_mode {
	REDIRECT_MODE_NONE,     /* no rule of ours is in force; other fields are zero */
	REDIRECT_MODE_REDIRECT, /* nat REDIRECT both ways */
};

/* What happens to the proxy's own connection to an own address of the pod. */
enum self_call {
	SELF_CALL_PASSTHROUGH, /* it passes */
	SELF_CALL_INBOUND,     /* to the inbound port; for proxies that bind inbound_source */
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
};

/* The mode of that name. -EINVAL, naming the text and the modes that exist. */
int redirect_mode_parse(const char *text, enum redirect_mode *ret_mode, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* The treatment of that name, "passthrough" or "inbound". -EINVAL, naming the text and the two. */
int self_call_parse(const char *text, enum self_call *ret_self_call, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Checks what no single field can: that the ports differ from each other and from GATE_SOURCE_PORT,
 * that the proxy has an identity, that inbound_source are single addresses that lo can have for the
 * proxy alone (of 127.0.0.0/8 without 127.0.0.1; of IPv6 no ::, ::1, link-local, multicast); and
 * that lists that were put together, not parsed, keep the bounds of parsed ones. -EINVAL or -E2BIG
 * with the reason.
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
