/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_expr.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "cni/core/nft_attr.h"

/* Where headers have what is asked for, and TCP's flags (RFC 791, 8200, 9293). */
enum {
	OFFSET_V4_SOURCE = 12,
	OFFSET_V4_DESTINATION = 16,
	OFFSET_V6_SOURCE = 8,
	OFFSET_V6_DESTINATION = 24,
	OFFSET_SOURCE_PORT = 0,
	OFFSET_DESTINATION_PORT = 2,
	OFFSET_ICMP_TYPE = 0,
	OFFSET_TCP_FLAGS = 13,
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

/* An attribute with a number, for expressions that are nothing else. */
struct field {
	uint16_t type;
	uint32_t value;
};

static size_t open_expr(struct strbuf *out, const char *name, size_t *ret_data)
{
	size_t opened = nft_open(out, NFTA_LIST_ELEM);

	nft_put_text(out, NFTA_EXPR_NAME, name);
	*ret_data = nft_open(out, NFTA_EXPR_DATA);
	return opened;
}

static void close_expr(struct strbuf *out, size_t opened, size_t data)
{
	nft_close(out, data);
	nft_close(out, opened);
}

/* An expression of the first `count` numbers. */
static void put_expr(struct strbuf *out, const char *name, const struct field *fields, size_t count)
{
	size_t data;
	size_t opened = open_expr(out, name, &data);

	for (size_t i = 0; i < count; i++)
		nft_put_u32(out, fields[i].type, fields[i].value);
	close_expr(out, opened, data);
}

#define PUT_EXPR(out, name, ...)                                 \
	put_expr(out, name, (const struct field[]){__VA_ARGS__}, \
		 sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field))

static void put_data(struct strbuf *out, uint16_t type, const void *value, size_t size)
{
	size_t opened = nft_open(out, type);

	nft_put(out, NFTA_DATA_VALUE, value, size);
	nft_close(out, opened);
}

/* Compares the first register with the bytes. */
static void put_cmp(struct strbuf *out, enum nft_cmp_ops op, const void *value, size_t size)
{
	size_t data;
	size_t opened = open_expr(out, "cmp", &data);

	nft_put_u32(out, NFTA_CMP_SREG, NFT_REG_1);
	nft_put_u32(out, NFTA_CMP_OP, op);
	put_data(out, NFTA_CMP_DATA, value, size);
	close_expr(out, opened, data);
}

/* Asks whether the first register is between the bytes. */
static void put_range(struct strbuf *out, const void *first, const void *last, size_t size)
{
	size_t data;
	size_t opened = open_expr(out, "range", &data);

	nft_put_u32(out, NFTA_RANGE_SREG, NFT_REG_1);
	nft_put_u32(out, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_data(out, NFTA_RANGE_FROM_DATA, first, size);
	put_data(out, NFTA_RANGE_TO_DATA, last, size);
	close_expr(out, opened, data);
}

/* Keeps the bits of the first register that are set in the mask. */
static void put_mask(struct strbuf *out, const void *mask, size_t size)
{
	static const uint8_t ZEROS[NFT_KEY_SIZE_MAX] = {0};
	size_t data;
	size_t opened = open_expr(out, "bitwise", &data);

	nft_put_u32(out, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_put_u32(out, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_put_u32(out, NFTA_BITWISE_LEN, (uint32_t)size);
	put_data(out, NFTA_BITWISE_MASK, mask, size);
	put_data(out, NFTA_BITWISE_XOR, ZEROS, size);
	close_expr(out, opened, data);
}

/* Asks whether the first register is in the set. */
static void put_lookup(struct strbuf *out, const struct nft_set *set)
{
	size_t data;
	size_t opened = open_expr(out, "lookup", &data);

	nft_put_text(out, NFTA_LOOKUP_SET, set->name);
	nft_put_u32(out, NFTA_LOOKUP_SREG, NFT_REG_1);
	close_expr(out, opened, data);
}

/* Puts bytes into the first register. */
static void put_immediate(struct strbuf *out, const void *value, size_t size)
{
	size_t data;
	size_t opened = open_expr(out, "immediate", &data);

	nft_put_u32(out, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	put_data(out, NFTA_IMMEDIATE_DATA, value, size);
	close_expr(out, opened, data);
}

/* Ends a rule: NF_DROP, or one of enum nft_verdicts with the chain that some of them take. */
static void put_verdict(struct strbuf *out, int code, const char *chain)
{
	size_t data;
	size_t opened = open_expr(out, "immediate", &data);

	nft_put_u32(out, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t value = nft_open(out, NFTA_IMMEDIATE_DATA);
	size_t verdict = nft_open(out, NFTA_DATA_VERDICT);
	nft_put_u32(out, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain != NULL)
		nft_put_text(out, NFTA_VERDICT_CHAIN, chain);
	nft_close(out, verdict);
	nft_close(out, value);
	close_expr(out, opened, data);
}

static void load_meta(struct strbuf *out, enum nft_meta_keys key)
{
	PUT_EXPR(out, "meta", {NFTA_META_DREG, NFT_REG_1}, {NFTA_META_KEY, key});
}

static void load_payload(struct strbuf *out, enum nft_payload_bases base, uint32_t offset,
			 size_t size)
{
	PUT_EXPR(out, "payload", {NFTA_PAYLOAD_DREG, NFT_REG_1}, {NFTA_PAYLOAD_BASE, base},
		 {NFTA_PAYLOAD_OFFSET, offset}, {NFTA_PAYLOAD_LEN, (uint32_t)size});
}

static void ask_family(struct strbuf *out, enum plan_family family)
{
	uint8_t number = family == PLAN_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (family == PLAN_BOTH)
		return;
	load_meta(out, NFT_META_NFPROTO);
	put_cmp(out, NFT_CMP_EQ, &number, sizeof(number));
}

static void ask_protocol(struct strbuf *out, const struct plan_rule *rule)
{
	static const uint8_t NUMBERS[] = {
		[PLAN_TCP] = IPPROTO_TCP, [PLAN_UDP] = IPPROTO_UDP, [PLAN_ICMP] = IPPROTO_ICMP};
	uint8_t number = NUMBERS[rule->protocol];

	if (rule->protocol == PLAN_ANY_PROTOCOL)
		return;
	if (rule->protocol == PLAN_ICMP && rule->families == PLAN_V6)
		number = IPPROTO_ICMPV6;
	load_meta(out, NFT_META_L4PROTO);
	put_cmp(out, NFT_CMP_EQ, &number, sizeof(number));
}

static void ask_interface(struct strbuf *out, enum nft_meta_keys key,
			  const struct interface_name *name)
{
	if (name->text[0] == '\0')
		return;
	load_meta(out, key);
	put_cmp(out, NFT_CMP_EQ, name->text, sizeof(name->text));
}

/* Asks for the prefix, or, unless that is NULL, that the address be in the set. */
static void ask_address(struct strbuf *out, const struct cidr *cidr, const struct nft_set *set,
			bool is_source, enum nft_cmp_ops op)
{
	size_t size = cidr->is_v6 ? CIDR_V6_BITS / 8 : CIDR_V4_BITS / 8;
	uint32_t offset_v4 = is_source ? OFFSET_V4_SOURCE : OFFSET_V4_DESTINATION;
	uint32_t offset_v6 = is_source ? OFFSET_V6_SOURCE : OFFSET_V6_DESTINATION;
	uint8_t mask[NFT_KEY_SIZE_MAX] = {0};

	load_payload(out, NFT_PAYLOAD_NETWORK_HEADER, cidr->is_v6 ? offset_v6 : offset_v4, size);
	if (set != NULL) {
		put_lookup(out, set);
		return;
	}
	for (size_t bit = 0; bit < cidr->prefix_length; bit++)
		mask[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	if (cidr->prefix_length < size * 8)
		put_mask(out, mask, size);
	put_cmp(out, op, cidr->addr_be, size);
}

static void ask_addresses(struct strbuf *out, const struct plan_rule *rule,
			  const struct nft_set *sources, const struct nft_set *destinations)
{
	if (rule->has_source)
		ask_address(out, &rule->source, sources, true, NFT_CMP_EQ);
	if (rule->has_destination)
		ask_address(out, &rule->destination, destinations, false,
			    rule->is_destination_negated ? NFT_CMP_NEQ : NFT_CMP_EQ);
}

static void ask_foreign(struct strbuf *out, bool is_asked, uint32_t end)
{
	uint32_t local = RTN_LOCAL;

	if (!is_asked)
		return;
	PUT_EXPR(out, "fib", {NFTA_FIB_DREG, NFT_REG_1}, {NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE},
		 {NFTA_FIB_FLAGS, end});
	put_cmp(out, NFT_CMP_NEQ, &local, sizeof(local));
}

static void ask_port_range(struct strbuf *out, uint32_t offset, const struct range *range)
{
	uint16_t first_be = htons((uint16_t)range->first);
	uint16_t last_be = htons((uint16_t)range->last);

	load_payload(out, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(first_be));
	if (range->first == range->last)
		put_cmp(out, NFT_CMP_EQ, &first_be, sizeof(first_be));
	else
		put_range(out, &first_be, &last_be, sizeof(first_be));
}

/* The ports, or ICMP's type. */
static void ask_transport(struct strbuf *out, const struct plan_rule *rule,
			  const struct nft_set *set)
{
	struct range source = {rule->source_port, rule->source_port};

	if (rule->source_port != 0)
		ask_port_range(out, OFFSET_SOURCE_PORT, &source);
	if (set != NULL) {
		size_t size = NFT_KEYS[set->key].size;

		load_payload(out, NFT_PAYLOAD_TRANSPORT_HEADER,
			     set->key == NFT_KEY_PORT ? OFFSET_DESTINATION_PORT : OFFSET_ICMP_TYPE,
			     size);
		put_lookup(out, set);
	} else if (rule->port_count > 0) {
		ask_port_range(out, OFFSET_DESTINATION_PORT, &rule->ports[0]);
	} else if (rule->icmp_count > 0) {
		load_payload(out, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_ICMP_TYPE, 1);
		put_cmp(out, NFT_CMP_EQ, &rule->icmp_types[0], 1);
	}
}

static void ask_segment(struct strbuf *out, enum plan_segment segment)
{
	static const uint8_t MASK = TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK;
	static const uint8_t SYN = TCP_SYN;

	if (segment == PLAN_ANY_SEGMENT)
		return;
	load_payload(out, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_TCP_FLAGS, sizeof(MASK));
	put_mask(out, &MASK, sizeof(MASK));
	put_cmp(out, segment == PLAN_SYN ? NFT_CMP_EQ : NFT_CMP_NEQ, &SYN, sizeof(SYN));
}

static void ask_owner(struct strbuf *out, bool is_asked, enum nft_meta_keys key,
		      const struct range *ids)
{
	uint32_t first_be = htonl(ids->first);
	uint32_t last_be = htonl(ids->last);

	if (!is_asked)
		return;
	load_meta(out, key);
	if (ids->first == ids->last) {
		put_cmp(out, NFT_CMP_EQ, &ids->first, sizeof(ids->first));
		return;
	}
	/* A range is compared byte by byte, so the number has to begin with its highest one. */
	PUT_EXPR(out, "byteorder", {NFTA_BYTEORDER_SREG, NFT_REG_1},
		 {NFTA_BYTEORDER_DREG, NFT_REG_1}, {NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON},
		 {NFTA_BYTEORDER_LEN, sizeof(first_be)}, {NFTA_BYTEORDER_SIZE, sizeof(first_be)});
	put_range(out, &first_be, &last_be, sizeof(first_be));
}

/* The socket that sends, and the one that receives. */
static void ask_socket(struct strbuf *out, const struct plan_rule *rule)
{
	static const uint8_t NOT_WILDCARD = 0;

	ask_owner(out, rule->has_uid, NFT_META_SKUID, &rule->uids);
	ask_owner(out, rule->has_gid, NFT_META_SKGID, &rule->gids);
	if (rule->has_mark) {
		load_meta(out, NFT_META_MARK);
		put_cmp(out, NFT_CMP_EQ, &rule->mark, sizeof(rule->mark));
	}
	if (rule->has_socket) {
		PUT_EXPR(out, "socket", {NFTA_SOCKET_KEY, NFT_SOCKET_WILDCARD},
			 {NFTA_SOCKET_DREG, NFT_REG_1});
		put_cmp(out, NFT_CMP_EQ, &NOT_WILDCARD, sizeof(NOT_WILDCARD));
	}
}

/* Asks whether any of the bits is set in what conntrack has by that key. */
static void ask_conntrack_bits(struct strbuf *out, enum nft_ct_keys key, uint32_t bits)
{
	static const uint32_t NONE = 0;

	PUT_EXPR(out, "ct", {NFTA_CT_DREG, NFT_REG_1}, {NFTA_CT_KEY, key});
	put_mask(out, &bits, sizeof(bits));
	put_cmp(out, NFT_CMP_NEQ, &NONE, sizeof(NONE));
}

static void ask_state(struct strbuf *out, enum plan_state state)
{
	static const uint8_t REPLY = IP_CT_DIR_REPLY;

	switch (state) {
	case PLAN_ANY_STATE:
		return;
	case PLAN_INVALID:
		ask_conntrack_bits(out, NFT_CT_STATE, NF_CT_STATE_INVALID_BIT);
		return;
	case PLAN_TRANSLATED:
		ask_conntrack_bits(out, NFT_CT_STATUS, IPS_SRC_NAT | IPS_DST_NAT);
		return;
	case PLAN_REPLY:
		PUT_EXPR(out, "ct", {NFTA_CT_DREG, NFT_REG_1}, {NFTA_CT_KEY, NFT_CT_DIRECTION});
		put_cmp(out, NFT_CMP_EQ, &REPLY, sizeof(REPLY));
		return;
	}
}

static void put_redirect(struct strbuf *out, uint16_t port)
{
	uint16_t port_be = htons(port);

	put_immediate(out, &port_be, sizeof(port_be));
	PUT_EXPR(out, "redir", {NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1},
		 {NFTA_REDIR_REG_PROTO_MAX, NFT_REG_1},
		 {NFTA_REDIR_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED});
}

/* It ends a rule only where no socket is there to take the packet. */
static void put_tproxy(struct strbuf *out, const struct plan_rule *rule)
{
	static const uint32_t FAMILIES[] = {
		[PLAN_V4] = NFPROTO_IPV4, [PLAN_V6] = NFPROTO_IPV6, [PLAN_BOTH] = NFPROTO_UNSPEC};
	uint16_t port_be = htons(rule->port);

	put_immediate(out, &port_be, sizeof(port_be));
	PUT_EXPR(out, "tproxy", {NFTA_TPROXY_FAMILY, FAMILIES[rule->families]},
		 {NFTA_TPROXY_REG_PORT, NFT_REG_1});
	put_verdict(out, NFT_RETURN, NULL);
}

static void put_zone(struct strbuf *out, uint16_t zone)
{
	put_immediate(out, &zone, sizeof(zone));
	PUT_EXPR(out, "ct", {NFTA_CT_KEY, NFT_CT_ZONE}, {NFTA_CT_SREG, NFT_REG_1});
	put_verdict(out, NFT_RETURN, NULL);
}

static void put_reject(struct strbuf *out)
{
	static const uint8_t CODE = NFT_REJECT_ICMPX_PORT_UNREACH;
	size_t data;
	size_t opened = open_expr(out, "reject", &data);

	nft_put_u32(out, NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
	nft_put(out, NFTA_REJECT_ICMP_CODE, &CODE, sizeof(CODE));
	close_expr(out, opened, data);
}

static void put_outcome(struct strbuf *out, const struct plan_rule *rule)
{
	switch (rule->verdict) {
	case PLAN_PASS:
		put_verdict(out, NFT_RETURN, NULL);
		return;
	case PLAN_REDIRECT:
		put_redirect(out, rule->port);
		return;
	case PLAN_TPROXY:
		put_tproxy(out, rule);
		return;
	case PLAN_MARK:
		put_immediate(out, &rule->set_mark, sizeof(rule->set_mark));
		PUT_EXPR(out, "meta", {NFTA_META_KEY, NFT_META_MARK}, {NFTA_META_SREG, NFT_REG_1});
		return;
	case PLAN_ZONE:
		put_zone(out, rule->zone);
		return;
	case PLAN_REJECT:
		put_reject(out);
		return;
	case PLAN_DROP:
		put_verdict(out, NF_DROP, NULL);
		return;
	case PLAN_GOTO:
		put_verdict(out, NFT_GOTO, plan_chain_name(rule->target_chain));
		return;
	}
}

static const struct nft_set *set_of(const struct nft_rules *rules, size_t number)
{
	return number == NFT_NO_SET ? NULL : &rules->sets[number - 1];
}

void nft_expr_rule(const struct nft_rules *rules, const struct nft_rule *rule, struct strbuf *out)
{
	const struct plan_rule *source = rule->source;
	bool is_syn_alone = rule->is_without_proxy && source->protocol == PLAN_TCP;
	size_t opened = nft_open(out, NFTA_RULE_EXPRESSIONS);

	ask_family(out, rule->family);
	ask_protocol(out, source);
	ask_interface(out, NFT_META_IIFNAME, &source->in_interface);
	ask_interface(out, NFT_META_OIFNAME, &source->out_interface);
	ask_addresses(out, source, set_of(rules, rule->source_set),
		      set_of(rules, rule->destination_set));
	ask_foreign(out, source->is_source_foreign, NFTA_FIB_F_SADDR);
	ask_foreign(out, source->is_destination_foreign, NFTA_FIB_F_DADDR);
	ask_transport(out, source, set_of(rules, rule->value_set));
	ask_segment(out, is_syn_alone ? PLAN_SYN : source->segment);
	ask_socket(out, source);
	ask_state(out, source->state);
	if (rule->is_without_proxy)
		put_verdict(out, NF_DROP, NULL);
	else
		put_outcome(out, source);
	nft_close(out, opened);
}

void nft_expr_jump(enum plan_family families, enum plan_chain chain, struct strbuf *out)
{
	size_t opened = nft_open(out, NFTA_RULE_EXPRESSIONS);

	ask_family(out, families);
	put_verdict(out, NFT_JUMP, plan_chain_name(chain));
	nft_close(out, opened);
}
