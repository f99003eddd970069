/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The matches of an entry. Each is laid out as the kernel's header says that is named beside it. */
#include <assert.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_socket.h>
#include <linux/netfilter/xt_tcpudp.h>

#include "cni/core/ipt_encoder.h"

static_assert(PLAN_PORT_SLOTS == XT_MULTI_PORTS, "a plan's ports fill one multiport match");

/* The flags of TCP that `--syn` looks at (RFC 9293, section 3.1). */
enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

/* Whether the rule's destination ports are one range, which the matches tcp and udp hold. */
static bool has_single_range(const struct plan_rule *rule)
{
	return rule->port_count == 1;
}

/* Source and destination ports as the matches tcp and udp hold them, in host byte order. */
static void fill_ports(const struct plan_rule *rule, uint16_t source[static 2],
		       uint16_t destination[static 2])
{
	source[0] = rule->source_port;
	source[1] = rule->source_port != 0 ? rule->source_port : UINT16_MAX;
	destination[0] = has_single_range(rule) ? (uint16_t)rule->ports[0].first : 0;
	destination[1] = has_single_range(rule) ? (uint16_t)rule->ports[0].last : UINT16_MAX;
}

/* linux/netfilter/xt_tcpudp.h */
static void append_tcp(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	if (rule->source_port == 0 && !has_single_range(rule) && rule->segment == PLAN_ANY_SEGMENT)
		return;
	struct xt_tcp *tcp = ipt_encoder_append(encoder, "tcp", 0, sizeof(*tcp));
	fill_ports(rule, tcp->spts, tcp->dpts);
	if (rule->segment == PLAN_ANY_SEGMENT)
		return;
	tcp->flg_mask = TCP_SYN | TCP_RST | TCP_ACK | TCP_FIN;
	tcp->flg_cmp = TCP_SYN;
	if (rule->segment == PLAN_NOT_SYN)
		tcp->invflags = XT_TCP_INV_FLAGS;
}

/* linux/netfilter/xt_tcpudp.h */
static void append_udp(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	if (rule->source_port == 0 && !has_single_range(rule))
		return;
	struct xt_udp *udp = ipt_encoder_append(encoder, "udp", 0, sizeof(*udp));
	fill_ports(rule, udp->spts, udp->dpts);
}

/* struct ipt_icmp, struct ip6t_icmp: one type, of any code. */
static void append_icmp(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	assert(rule->icmp_count <= 1);
	if (rule->icmp_count == 0)
		return;
	if (encoder->family == PLAN_V4) {
		struct ipt_icmp *icmp = ipt_encoder_append(encoder, "icmp", 0, sizeof(*icmp));

		icmp->type = rule->icmp_types[0];
		icmp->code[1] = UINT8_MAX;
	} else {
		struct ip6t_icmp *icmp = ipt_encoder_append(encoder, "icmp6", 0, sizeof(*icmp));

		icmp->type = rule->icmp_types[0];
		icmp->code[1] = UINT8_MAX;
	}
}

static void append_protocol(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	switch (rule->protocol) {
	case PLAN_ANY_PROTOCOL:
		return;
	case PLAN_TCP:
		append_tcp(encoder, rule);
		return;
	case PLAN_UDP:
		append_udp(encoder, rule);
		return;
	case PLAN_ICMP:
		append_icmp(encoder, rule);
		return;
	}
}

/* linux/netfilter/xt_multiport.h; ports in host byte order. A range is two slots, the first of
 * which has its pflag set. */
static void append_multiport(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	uint8_t slot = 0;

	if (rule->port_count <= 1)
		return;
	struct xt_multiport_v1 *multiport =
		ipt_encoder_append(encoder, "multiport", 1, sizeof(*multiport));
	multiport->flags = XT_MULTIPORT_DESTINATION;
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct range *range = &rule->ports[i];
		bool is_range = range->first != range->last;

		assert(slot + is_range < XT_MULTI_PORTS);
		multiport->pflags[slot] = is_range;
		multiport->ports[slot++] = (uint16_t)range->first;
		if (is_range)
			multiport->ports[slot++] = (uint16_t)range->last;
	}
	multiport->count = slot;
}

/* linux/netfilter/xt_conntrack.h. A direction is asked for in the negative: "not the original". */
static void append_conntrack(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	if (rule->state == PLAN_ANY_STATE)
		return;
	struct xt_conntrack_mtinfo3 *conntrack =
		ipt_encoder_append(encoder, "conntrack", 3, sizeof(*conntrack));
	if (rule->state == PLAN_REPLY) {
		conntrack->match_flags = XT_CONNTRACK_DIRECTION;
		conntrack->invert_flags = XT_CONNTRACK_DIRECTION;
		return;
	}
	conntrack->match_flags = XT_CONNTRACK_STATE;
	conntrack->state_mask = rule->state == PLAN_INVALID
					? XT_CONNTRACK_STATE_INVALID
					: XT_CONNTRACK_STATE_SNAT | XT_CONNTRACK_STATE_DNAT;
}

/* linux/netfilter/xt_socket.h; without flags it passes over sockets that listen on all addresses.
 * The revision is the newest: iptables shows no other one. */
static void append_socket(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	if (rule->has_socket)
		ipt_encoder_append(encoder, "socket", 3, sizeof(struct xt_socket_mtinfo3));
}

/* linux/netfilter/xt_addrtype.h */
static void append_addrtype(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	if (!rule->is_source_foreign && !rule->is_destination_foreign)
		return;
	struct xt_addrtype_info_v1 *addrtype =
		ipt_encoder_append(encoder, "addrtype", 1, sizeof(*addrtype));
	if (rule->is_source_foreign) {
		addrtype->source = XT_ADDRTYPE_LOCAL;
		addrtype->flags |= XT_ADDRTYPE_INVERT_SOURCE;
	}
	if (rule->is_destination_foreign) {
		addrtype->dest = XT_ADDRTYPE_LOCAL;
		addrtype->flags |= XT_ADDRTYPE_INVERT_DEST;
	}
}

/* linux/netfilter/xt_owner.h */
static void append_owner(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	if (!rule->has_uid && !rule->has_gid)
		return;
	struct xt_owner_match_info *owner = ipt_encoder_append(encoder, "owner", 1, sizeof(*owner));
	if (rule->has_uid) {
		owner->match |= XT_OWNER_UID;
		owner->uid_min = rule->uids.first;
		owner->uid_max = rule->uids.last;
	}
	if (rule->has_gid) {
		owner->match |= XT_OWNER_GID;
		owner->gid_min = rule->gids.first;
		owner->gid_max = rule->gids.last;
	}
}

/* linux/netfilter/xt_mark.h */
static void append_mark(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	if (!rule->has_mark)
		return;
	struct xt_mark_mtinfo1 *mark = ipt_encoder_append(encoder, "mark", 1, sizeof(*mark));
	mark->mark = rule->mark;
	mark->mask = UINT32_MAX;
}

void ipt_encoder_append_matches(struct ipt_encoder *encoder, const struct plan_rule *rule)
{
	append_protocol(encoder, rule);
	append_multiport(encoder, rule);
	append_conntrack(encoder, rule);
	append_socket(encoder, rule);
	append_addrtype(encoder, rule);
	append_owner(encoder, rule);
	append_mark(encoder, rule);
}
