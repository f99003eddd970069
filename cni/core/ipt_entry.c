/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/ipt_entry.h"

#include <assert.h>
#include <errno.h>
#include <linux/netfilter/x_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/ipt_encoder.h"

static_assert(IPT_CHAIN_NAME_SIZE == XT_EXTENSION_MAXNAMELEN, "a chain is a target's name");

static size_t header_size(enum plan_family family)
{
	return family == PLAN_V4 ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

void *ipt_encoder_append(struct ipt_encoder *encoder, const char *name, uint8_t revision,
			 size_t size)
{
	struct xt_entry_match *match = (void *)(encoder->entry.bytes + encoder->length);
	size_t padded = XT_ALIGN(sizeof(*match) + size);

	assert(encoder->length + padded <= IPT_ENTRY_SIZE_MAX);
	match->u.user.match_size = (uint16_t)padded;
	memcpy(match->u.user.name, name, strlen(name) + 1);
	match->u.user.revision = revision;
	encoder->length += padded;
	return match->data;
}

/* struct xt_standard_target: a verdict behind the target's header. */
void ipt_encoder_append_standard(struct ipt_encoder *encoder, const char *name)
{
	ipt_encoder_append(encoder, name, 0,
			   sizeof(struct xt_standard_target) - sizeof(struct xt_entry_target));
}

static void start(struct ipt_encoder *encoder, enum plan_family family)
{
	memset(encoder, 0, sizeof(*encoder));
	encoder->family = family;
	encoder->length = header_size(family);
}

/* Marks the end of the matches: what is appended next is the target. */
static void end_matches(struct ipt_encoder *encoder)
{
	if (encoder->family == PLAN_V4)
		encoder->entry.v4.target_offset = (uint16_t)encoder->length;
	else
		encoder->entry.v6.target_offset = (uint16_t)encoder->length;
}

static int finish(struct ipt_encoder *encoder, void **ret_entry, struct err *err)
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

/* The protocol's number in the family's header; 0: any. */
static uint8_t protocol_number(enum plan_protocol protocol, enum plan_family family)
{
	switch (protocol) {
	case PLAN_ANY_PROTOCOL:
		return 0;
	case PLAN_TCP:
		return IPPROTO_TCP;
	case PLAN_UDP:
		return IPPROTO_UDP;
	case PLAN_ICMP:
		return family == PLAN_V4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	}
	return 0;
}

static void encode_v4_header(const struct plan_rule *rule, struct ipt_ip *ip)
{
	if (rule->has_source)
		encode_prefix(&rule->source, sizeof(ip->src), &ip->src, &ip->smsk);
	if (rule->has_destination)
		encode_prefix(&rule->destination, sizeof(ip->dst), &ip->dst, &ip->dmsk);
	if (rule->is_destination_negated)
		ip->invflags |= IPT_INV_DSTIP;
	encode_interface(&rule->in_interface, ip->iniface, ip->iniface_mask);
	encode_interface(&rule->out_interface, ip->outiface, ip->outiface_mask);
	ip->proto = protocol_number(rule->protocol, PLAN_V4);
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
	encode_interface(&rule->in_interface, ip->iniface, ip->iniface_mask);
	encode_interface(&rule->out_interface, ip->outiface, ip->outiface_mask);
	ip->proto = protocol_number(rule->protocol, PLAN_V6);
	/* Unlike IPv4's, the IPv6 table looks at the protocol only when told to. */
	if (ip->proto != 0)
		ip->flags |= IP6T_F_PROTO;
	if (rule->verdict == PLAN_GOTO)
		ip->flags |= IP6T_F_GOTO;
}

int ipt_entry_encode(const struct plan_rule *rule, enum plan_family family, void **ret_entry,
		     struct err *err)
{
	struct ipt_encoder encoder;

	start(&encoder, family);
	if (family == PLAN_V4)
		encode_v4_header(rule, &encoder.entry.v4.ip);
	else
		encode_v6_header(rule, &encoder.entry.v6.ipv6);
	ipt_encoder_append_matches(&encoder, rule);
	end_matches(&encoder);
	ipt_encoder_append_target(&encoder, rule);
	return finish(&encoder, ret_entry, err);
}

int ipt_entry_encode_jump(const char *chain, enum plan_family family, void **ret_entry,
			  struct err *err)
{
	struct ipt_encoder encoder;

	start(&encoder, family);
	end_matches(&encoder);
	ipt_encoder_append_standard(&encoder, chain);
	return finish(&encoder, ret_entry, err);
}
