/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/ipt_entry.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* The longest entry that a plan_rule can need: every match, and the largest target. */
enum { ENTRY_SIZE_MAX = 640 };

static_assert(IPT_CHAIN_NAME_SIZE == XT_EXTENSION_MAXNAMELEN, "a chain is a target's name");
static_assert(PLAN_PORT_SLOTS == XT_MULTI_PORTS, "a plan's ports fill one multiport match");

/* An entry in the making. The header is filled in last, when the offsets are known. */
struct encoder {
	enum plan_family family;
	size_t length;
	union {
		struct ipt_entry v4;
		struct ip6t_entry v6;
		uint8_t bytes[ENTRY_SIZE_MAX];
	} entry;
};

static size_t header_size(enum plan_family family)
{
	return family == PLAN_V4 ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

/*
 * Appends a match or a target with `size` bytes of zeroed data, which are returned to be filled in.
 * The two have one layout: struct xt_entry_match, struct xt_entry_target.
 */
static void *append_extension(struct encoder *encoder, const char *name, uint8_t revision,
			      size_t size)
{
	struct xt_entry_match *match = (void *)(encoder->entry.bytes + encoder->length);
	size_t padded = XT_ALIGN(sizeof(*match) + size);

	assert(encoder->length + padded <= ENTRY_SIZE_MAX);
	match->u.user.match_size = (uint16_t)padded;
	memcpy(match->u.user.name, name, strlen(name) + 1);
	match->u.user.revision = revision;
	encoder->length += padded;
	return match->data;
}

static void start(struct encoder *encoder, enum plan_family family)
{
	memset(encoder, 0, sizeof(*encoder));
	encoder->family = family;
	encoder->length = header_size(family);
}

/* Marks the end of the matches: what is appended next is the target. */
static void end_matches(struct encoder *encoder)
{
	if (encoder->family == PLAN_V4)
		encoder->entry.v4.target_offset = (uint16_t)encoder->length;
	else
		encoder->entry.v6.target_offset = (uint16_t)encoder->length;
}

static int finish(struct encoder *encoder, void **ret_entry, struct err *err)
{
	if (encoder->family == PLAN_V4)
		encoder->entry.v4.next_offset = (uint16_t)encoder->length;
	else
		encoder->entry.v6.next_offset = (uint16_t)encoder->length;
	void *copy = malloc(encoder->length);
	if (copy == NULL)
		return err_set(err, ENOMEM, "out of memory");
	memcpy(copy, encoder->entry.bytes, encoder->length);
	*ret_entry = copy;
	return 0;
}

/* The address of a prefix and its netmask, `size` bytes each. */
static void encode_prefix(const struct cidr *cidr, size_t size, void *addr_be, void *mask_be)
{
	uint8_t *mask = mask_be;

	memcpy(addr_be, cidr->addr_be, size);
	for (unsigned int bit = 0; bit < cidr->prefix_length; bit++)
		mask[bit / 8] |= (uint8_t)(0x80U >> (bit % 8));
}

/* A whole name: the mask covers the NUL too. */
static void encode_interface(const struct interface_name *name, char *text, unsigned char *mask)
{
	size_t length = strlen(name->text);

	if (length == 0)
		return;
	memcpy(text, name->text, length + 1);
	memset(mask, 0xff, length + 1);
}

static void encode_v4_header(const struct plan_rule *rule, struct ipt_ip *ip)
{
	if (rule->has_source)
		encode_prefix(&rule->source, sizeof(ip->src), &ip->src, &ip->smsk);
	if (rule->has_destination)
		encode_prefix(&rule->destination, sizeof(ip->dst), &ip->dst, &ip->dmsk);
	if (rule->is_destination_negated)
		ip->invflags |= IPT_INV_DSTIP;
	encode_interface(&rule->out_interface, ip->outiface, ip->outiface_mask);
	if (rule->protocol == PLAN_TCP)
		ip->proto = IPPROTO_TCP;
	if (rule->verdict == PLAN_GOTO)
		ip->flags |= IPT_F_GOTO;
}

static void encode_v6_header(const struct plan_rule *rule, struct ip6t_ip6 *ip)
{
	if (rule->has_source)
		encode_prefix(&rule->source, sizeof(ip->src), &ip->src, &ip->smsk);
	if (rule->has_destination)
		encode_prefix(&rule->destination, sizeof(ip->dst), &ip->dst, &ip->dmsk);
	if (rule->is_destination_negated)
		ip->invflags |= IP6T_INV_DSTIP;
	encode_interface(&rule->out_interface, ip->outiface, ip->outiface_mask);
	if (rule->protocol == PLAN_TCP) {
		ip->proto = IPPROTO_TCP;
		/* Unlike IPv4's, the IPv6 table looks at the protocol only when told to. */
		ip->flags |= IP6T_F_PROTO;
	}
	if (rule->verdict == PLAN_GOTO)
		ip->flags |= IP6T_F_GOTO;
}

/* Whether the rule's destination ports are one range, which the tcp match holds. */
static bool has_single_range(const struct plan_rule *rule)
{
	return rule->port_count == 1;
}

/* linux/netfilter/xt_tcpudp.h; ports in host byte order. */
static void append_tcp(struct encoder *encoder, const struct plan_rule *rule)
{
	struct xt_tcp *tcp = append_extension(encoder, "tcp", 0, sizeof(*tcp));

	tcp->spts[0] = rule->source_port;
	tcp->spts[1] = rule->source_port != 0 ? rule->source_port : UINT16_MAX;
	tcp->dpts[0] = has_single_range(rule) ? (uint16_t)rule->ports[0].first : 0;
	tcp->dpts[1] = has_single_range(rule) ? (uint16_t)rule->ports[0].last : UINT16_MAX;
}

/* linux/netfilter/xt_multiport.h; ports in host byte order. A range is two slots, the first of
 * which has its pflag set. */
static void append_multiport(struct encoder *encoder, const struct plan_rule *rule)
{
	struct xt_multiport_v1 *multiport =
		append_extension(encoder, "multiport", 1, sizeof(*multiport));
	uint8_t slot = 0;

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

/* linux/netfilter/xt_owner.h */
static void append_owner(struct encoder *encoder, const struct plan_rule *rule)
{
	struct xt_owner_match_info *owner = append_extension(encoder, "owner", 1, sizeof(*owner));

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

/* linux/netfilter/xt_mark.h; on output a packet has its socket's mark. */
static void append_mark(struct encoder *encoder, const struct plan_rule *rule)
{
	struct xt_mark_mtinfo1 *mark = append_extension(encoder, "mark", 1, sizeof(*mark));

	mark->mark = rule->mark;
	mark->mask = UINT32_MAX;
}

static void append_matches(struct encoder *encoder, const struct plan_rule *rule)
{
	if (rule->source_port != 0 || has_single_range(rule))
		append_tcp(encoder, rule);
	if (rule->port_count > 1)
		append_multiport(encoder, rule);
	if (rule->has_uid || rule->has_gid)
		append_owner(encoder, rule);
	if (rule->has_mark)
		append_mark(encoder, rule);
}

/* The kernel's REDIRECT, revision 0, takes another structure in each family (its xt_REDIRECT.c). */
static void append_redirect(struct encoder *encoder, uint16_t port)
{
	if (encoder->family == PLAN_V4) {
		struct nf_nat_ipv4_multi_range_compat *ranges =
			append_extension(encoder, "REDIRECT", 0, sizeof(*ranges));

		ranges->rangesize = 1;
		ranges->range[0].flags = NF_NAT_RANGE_PROTO_SPECIFIED;
		ranges->range[0].min.tcp.port = htons(port);
		ranges->range[0].max.tcp.port = htons(port);
	} else {
		struct nf_nat_range *range =
			append_extension(encoder, "REDIRECT", 0, sizeof(*range));

		range->flags = NF_NAT_RANGE_PROTO_SPECIFIED;
		range->min_proto.tcp.port = htons(port);
		range->max_proto.tcp.port = htons(port);
	}
}

/* struct xt_standard_target: a verdict behind the target's header. */
static void append_standard(struct encoder *encoder, const char *name)
{
	append_extension(encoder, name, 0,
			 sizeof(struct xt_standard_target) - sizeof(struct xt_entry_target));
}

static void append_target(struct encoder *encoder, const struct plan_rule *rule)
{
	switch (rule->verdict) {
	case PLAN_PASS:
		/* Our chains are reached by one jump and by gotos: a return leaves them all. */
		append_standard(encoder, "RETURN");
		break;
	case PLAN_REDIRECT:
		append_redirect(encoder, rule->port);
		break;
	case PLAN_GOTO:
		append_standard(encoder, plan_chain_name(rule->target_chain));
		break;
	}
}

int ipt_entry_encode(const struct plan_rule *rule, enum plan_family family, void **ret_entry,
		     struct err *err)
{
	struct encoder encoder;

	start(&encoder, family);
	if (family == PLAN_V4)
		encode_v4_header(rule, &encoder.entry.v4.ip);
	else
		encode_v6_header(rule, &encoder.entry.v6.ipv6);
	append_matches(&encoder, rule);
	end_matches(&encoder);
	append_target(&encoder, rule);
	return finish(&encoder, ret_entry, err);
}

int ipt_entry_encode_jump(const char *chain, enum plan_family family, void **ret_entry,
			  struct err *err)
{
	struct encoder encoder;

	start(&encoder, family);
	end_matches(&encoder);
	append_standard(&encoder, chain);
	return finish(&encoder, ret_entry, err);
}
