/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to redirect_plan: the order in which a document is asked, once for all tables that ask
 * it. Each function is told the chain and the verdicts by rules to start from (plan_rules.h).
 */
#ifndef SIDEWIRE_CNI_PLAN_ORDER_H
#define SIDEWIRE_CNI_PLAN_ORDER_H

#include "cni/core/plan_builder.h"
#include "common/redirect_spec.h"

/* What comes in at reroute interfaces and is not for the pod itself, of the families of which
 * anything is captured outbound. */
void plan_add_rerouted(struct plan_builder *builder, const struct redirect_spec *spec,
		       struct plan_rule rerouted) __attribute__((nonnull));

/* All other TCP that comes in and is not for the pod itself: it passes. Whether a container or a
 * virtual machine behind the host sends it or gets it, the host only forwards it. */
void plan_add_forwarded(struct plan_builder *builder, enum plan_chain chain)
	__attribute__((nonnull));

/*
 * What comes in for the pod itself: the gate, before every exclusion, since it answers as long as
 * rules and proxy are there; excluded interfaces, sources and ports; included ports. The gate and
 * these end in `captured`, which is for TCP.
 */
void plan_add_inbound(struct plan_builder *builder, const struct redirect_spec *spec,
		      struct plan_rule captured) __attribute__((nonnull));

/* What the outbound logic ends in: rules of one chain. */
struct plan_outbound {
	struct plan_rule proxy;    /* what the proxy sends */
	struct plan_rule dns;      /* for TCP; UDP ends in the same */
	struct plan_rule captured; /* for TCP; a mapped port ends in its own, if this names one */
	enum plan_chain capture_chain; /* for ports of included destinations */
};

/* What goes out, first match wins: by who sends it, then by what it is sent to. */
void plan_add_outbound(struct plan_builder *builder, const struct redirect_spec *spec,
		       const struct plan_outbound *way) __attribute__((nonnull));

/*
 * By who sends it: excluded interfaces; lo from the proxy's inboundSource; the proxy's own; lo;
 * excluded users and groups. They end in `exempt`, the proxy's own in `proxy`. With is_lo_passed,
 * an earlier rule has let everything on lo pass.
 */
void plan_add_senders(struct plan_builder *builder, const struct redirect_spec *spec,
		      struct plan_rule exempt, struct plan_rule proxy, bool is_lo_passed)
	__attribute__((nonnull));

/* By what it is sent to: DNS; excluded ports and destinations; mapped ports; included ports of
 * included destinations. */
void plan_add_receivers(struct plan_builder *builder, const struct redirect_spec *spec,
			const struct plan_outbound *way) __attribute__((nonnull));

/* The gate as sidewire-gate asks from inside, on both loopbacks whatever the pod's families; it
 * comes before all that goes out. */
void plan_add_gate_from_inside(struct plan_builder *builder, const struct redirect_spec *spec,
			       struct plan_rule inbound) __attribute__((nonnull));

/* lo from the proxy's inboundSource. */
void plan_add_inbound_source(struct plan_builder *builder, const struct redirect_spec *spec,
			     struct plan_rule exempt) __attribute__((nonnull));

/* Every identity of the proxy. */
void plan_add_proxy(struct plan_builder *builder, const struct redirect_spec *spec,
		    struct plan_rule proxy) __attribute__((nonnull));

/* What the proxy sends to an address of its own pod: the application called a service, and the
 * proxy chose this very pod. */
void plan_add_self_call(struct plan_builder *builder, struct plan_rule inbound)
	__attribute__((nonnull));

/* Captured DNS of the rule's protocol. */
void plan_add_dns(struct plan_builder *builder, const struct redirect_spec *spec,
		  struct plan_rule dns) __attribute__((nonnull));

/* Excluded ports of the protocol, and excluded destinations. */
void plan_add_excluded_receivers(struct plan_builder *builder, const struct redirect_spec *spec,
				 struct plan_rule exempt, enum plan_protocol protocol)
	__attribute__((nonnull));

/* Mapped ports, in the rule's chain; see plan_outbound.captured. */
void plan_add_port_map(struct plan_builder *builder, const struct redirect_spec *spec,
		       struct plan_rule captured) __attribute__((nonnull));

/* The rules of a capture_chain; none where ports or destinations do not narrow. */
void plan_add_capture_chain(struct plan_builder *builder, const struct redirect_spec *spec,
			    struct plan_rule captured) __attribute__((nonnull));

/* The families, of PLAN_BOTH, of which some destination and port is included; 0 for none. */
unsigned int plan_included_families(const struct redirect_spec *spec) __attribute__((nonnull));

/* The families of which anything is captured outbound: by inclusion, by the port map, or DNS. */
unsigned int plan_captured_families(const struct redirect_spec *spec) __attribute__((nonnull));

#endif
