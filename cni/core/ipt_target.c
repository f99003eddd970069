/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target of an entry. Each is laid out as the kernel's header says that is named beside it. */
#include <arpa/inet.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

#include "cni/core/ipt_encoder.h"

/* The kernel's REDIRECT, revision 0, takes another structure in each family (its xt_REDIRECT.c). */
static void append_redirect(struct ipt_encoder *encoder, uint16_t port)
{
	if (encoder->family == PLAN_V4) {
		struct nf_nat_ipv4_multi_range_compat *ranges =
			ipt_encoder_append(encoder, "REDIRECT", 0, sizeof(*ranges));

		ranges->rangesize = 1;
		ranges->range[0].flags = NF_NAT_RANGE_PROTO_SPECIFIED;
		ranges->range[0].min.tcp.port = htons(port);
		ranges->range[0].max.tcp.port = htons(port);
	} else {
		struct nf_nat_range *range =
			ipt_encoder_append(encoder, "REDIRECT", 0, sizeof(*range));

		range->flags = NF_NAT_RANGE_PROTO_SPECIFIED;
		range->min_proto.tcp.port = htons(port);
		range->max_proto.tcp.port = htons(port);
	}
}

/* linux/netfilter/xt_TPROXY.h. A mask of 0 leaves the packet its mark. */
static void append_tproxy(struct ipt_encoder *encoder, uint16_t port)
{
	struct xt_tproxy_target_info_v1 *tproxy =
		ipt_encoder_append(encoder, "TPROXY", 1, sizeof(*tproxy));

	tproxy->lport = htons(port);
}

/* linux/netfilter/xt_mark.h */
static void append_set_mark(struct ipt_encoder *encoder, uint32_t value)
{
	struct xt_mark_tginfo2 *mark = ipt_encoder_append(encoder, "MARK", 2, sizeof(*mark));

	mark->mark = value;
	mark->mask = UINT32_MAX;
}

/* linux/netfilter/xt_CT.h, which has one structure for the revisions 1 and 2. */
static void append_zone(struct ipt_encoder *encoder, uint16_t zone)
{
	struct xt_ct_target_info_v1 *ct = ipt_encoder_append(encoder, "CT", 2, sizeof(*ct));

	ct->zone = zone;
}

/* linux/netfilter_ipv4/ipt_REJECT.h, linux/netfilter_ipv6/ip6t_REJECT.h */
static void append_reject(struct ipt_encoder *encoder)
{
	if (encoder->family == PLAN_V4) {
		struct ipt_reject_info *reject =
			ipt_encoder_append(encoder, "REJECT", 0, sizeof(*reject));

		reject->with = IPT_ICMP_PORT_UNREACHABLE;
	} else {
		struct ip6t_reject_info *reject =
			ipt_encoder_append(encoder, "REJECT", 0, sizeof(*reject));

		reject->with = IP6T_ICMP6_PORT_UNREACH;
	}
}

void ipt_encoder_append_target(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	switch (rule->verdict) {
	case PLAN_PASS:
		/* Our chains are reached by one jump and by gotos: a return leaves them all. */
		ipt_encoder_append_standard(encoder, "RETURN");
		return;
	case PLAN_REDIRECT:
		append_redirect(encoder, rule->port);
		return;
	case PLAN_TPROXY:
		append_tproxy(encoder, rule->port);
		return;
	case PLAN_MARK:
		append_set_mark(encoder, rule->set_mark);
		return;
	case PLAN_ZONE:
		append_zone(encoder, rule->zone);
		return;
	case PLAN_REJECT:
		append_reject(encoder);
		return;
	case PLAN_DROP:
		ipt_encoder_append_standard(encoder, "DROP");
		return;
	case PLAN_GOTO:
		ipt_encoder_append_standard(encoder, plan_chain_name(rule->target_chain));
		return;
	}
}
