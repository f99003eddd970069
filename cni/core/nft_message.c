/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "cni/core/netlink_errnum.h"

/* Numbers of messages in a batch, before those of the objects. */
enum { NUMBER_DELETE_TABLE = 1, NUMBER_NEW_TABLE };

static size_t open_message(struct strbuf *out, uint16_t type, uint16_t flags, uint32_t number,
			   const struct nfgenmsg *family)
{
	size_t opened = out->length;
	struct nlmsghdr header = {
		.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = number};

	strbuf_append(out, (const char *)&header, sizeof(header));
	strbuf_append(out, (const char *)family, sizeof(*family));
	return opened;
}

static void close_message(struct strbuf *out, size_t opened)
{
	if (out->is_failed)
		return;
	uint32_t length = (uint32_t)(out->length - opened);
	memcpy(out->data + opened + offsetof(struct nlmsghdr, nlmsg_len), &length, sizeof(length));
}

static uint16_t nf_tables_type(uint16_t type)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

void nft_message_request(uint16_t type, uint16_t flags, uint8_t family, const char *table,
			 const char *name, struct strbuf *out)
{
	struct nfgenmsg header = {.nfgen_family = family};
	size_t opened = open_message(out, nf_tables_type(type), flags, 0, &header);

	/* The table's name has the same number everywhere, and so have a set's and a chain's. */
	if (table != NULL)
		nft_put_text(out, NFTA_SET_TABLE, table);
	if (name != NULL)
		nft_put_text(out, NFTA_SET_NAME, name);
	close_message(out, opened);
}

/* The message that begins or ends a batch. */
static size_t open_bound(struct strbuf *out, uint16_t type, uint32_t number)
{
	struct nfgenmsg header = {.res_id = htons(NFNL_SUBSYS_NFTABLES)};

	return open_message(out, type, 0, number, &header);
}

static size_t open_change(struct strbuf *out, uint16_t type, uint16_t flags, uint32_t number)
{
	struct nfgenmsg header = {.nfgen_family = NFPROTO_INET};

	return open_message(out, nf_tables_type(type), flags, number, &header);
}

static void put_table(struct strbuf *out, uint16_t type, uint16_t flags, uint32_t number,
		      bool is_dormant)
{
	size_t opened = open_change(out, type, flags, number);

	nft_put_text(out, NFTA_TABLE_NAME, NFT_TABLE);
	if (is_dormant)
		nft_put_u32(out, NFTA_TABLE_FLAGS, NFT_TABLE_F_DORMANT);
	close_message(out, opened);
}

static void put_object(struct strbuf *out, const struct nft_content *content, size_t object)
{
	enum nft_kind kind = content->objects[object].kind;
	struct nft_rest attributes = nft_content_attributes(content, object);
	uint16_t flags = NLM_F_CREATE | (kind == NFT_RULE ? NLM_F_APPEND : 0);
	size_t opened = open_change(out, nft_kind_message(kind), flags,
				    NFT_FIRST_OBJECT + (uint32_t)object);

	strbuf_append(out, (const char *)attributes.bytes, attributes.length);
	/* The kernel wants one, though names are enough for us (nf_tables_newset()). */
	if (kind == NFT_SET)
		nft_put_u32(out, NFTA_SET_ID, (uint32_t)object + 1);
	close_message(out, opened);
}

int nft_message_batch(const struct nft_content *content, bool is_table_there, uint32_t generation,
		      struct strbuf *out, struct err *err)
{
	size_t opened = open_bound(out, NFNL_MSG_BATCH_BEGIN, 0);

	nft_put_u32(out, NFNL_BATCH_GENID, generation);
	close_message(out, opened);
	/* Whoever deletes waits at the socket's end until the kernel has freed what it was
	 * (nft_rcv_nl_event()), for milliseconds: not where nothing is to be deleted. */
	if (is_table_there)
		put_table(out, NFT_MSG_DELTABLE, 0, NUMBER_DELETE_TABLE, false);
	if (content->is_there)
		put_table(out, NFT_MSG_NEWTABLE, NLM_F_CREATE, NUMBER_NEW_TABLE,
			  content->is_dormant);
	for (size_t i = 0; i < content->count; i++)
		put_object(out, content, i);
	opened = open_bound(out, NFNL_MSG_BATCH_END, NFT_FIRST_OBJECT + (uint32_t)content->count);
	close_message(out, opened);
	return out->is_failed ? err_set(err, ENOMEM, "out of memory") : 0;
}

/* Reads an answer: struct nlmsgerr, then attributes, as the socket option NETLINK_CAP_ACK is set.
 */
static void read_error(struct nft_rest payload, struct nft_message *message)
{
	struct nlmsgerr error;
	struct nft_attr attr;

	if (payload.length < sizeof(error)) {
		message->errnum = EIO;
		return;
	}
	memcpy(&error, payload.bytes, sizeof(error));
	message->errnum = netlink_errnum(error.error);
	message->number = error.msg.nlmsg_seq;
	struct nft_rest rest = {payload.bytes + sizeof(error), payload.length - sizeof(error)};
	while (nft_next(&rest, &attr)) {
		if (attr.type == NLMSGERR_ATTR_OFFS &&
		    attr.value.length == sizeof(message->bad_offset))
			memcpy(&message->bad_offset, attr.value.bytes, attr.value.length);
	}
}

/* The end of what is told, with a number that is an error where it ended early. */
static void read_done(struct nft_rest payload, struct nft_message *message)
{
	int status;

	if (payload.length < sizeof(status))
		return;
	memcpy(&status, payload.bytes, sizeof(status));
	message->errnum = netlink_errnum(status);
}

static void read_told(struct nft_rest payload, struct nft_message *message)
{
	struct nfgenmsg header;

	if (payload.length < sizeof(header))
		return;
	memcpy(&header, payload.bytes, sizeof(header));
	message->family = header.nfgen_family;
	message->attributes =
		(struct nft_rest){payload.bytes + sizeof(header), payload.length - sizeof(header)};
}

bool nft_message_next(struct nft_rest *rest, struct nft_message *ret_message)
{
	struct nlmsghdr header;

	if (rest->length < sizeof(header))
		return false;
	memcpy(&header, rest->bytes, sizeof(header));
	if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest->length)
		return false;
	struct nft_rest payload = {rest->bytes + sizeof(header), header.nlmsg_len - sizeof(header)};
	bool is_answer = header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE;
	*ret_message = (struct nft_message){
		.kind = is_answer ? NFT_ANSWERED : NFT_TOLD,
		.is_interrupted = (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0,
		.is_part = (header.nlmsg_flags & NLM_F_MULTI) != 0,
		.type = header.nlmsg_type & 0xff, /* without the subsystem */
	};
	if (header.nlmsg_type == NLMSG_ERROR)
		read_error(payload, ret_message);
	else if (header.nlmsg_type == NLMSG_DONE)
		read_done(payload, ret_message);
	else
		read_told(payload, ret_message);
	size_t step = ((size_t)header.nlmsg_len + 3) & ~(size_t)3;
	step = step < rest->length ? step : rest->length;
	rest->bytes += step;
	rest->length -= step;
	return true;
}
