/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_message_explain(): which rule was refused, and what the kernel lacks. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "cni/core/nft_message.h"
#include "cni/core/nft_text.h"
#include "common/base/cleanup.h"

/* The module that has an expression; those that are not here nf_tables has itself. */
static const char *module_of(const char *expression)
{
	static const struct {
		const char *expression;
		const char *module;
	} MODULES[] = {
		{"ct", "nft_ct"},         {"fib", "nft_fib_inet"},
		{"redir", "nft_redir"},   {"reject", "nft_reject_inet"},
		{"socket", "nft_socket"}, {"tproxy", "nft_tproxy"},
	};

	for (size_t i = 0; i < sizeof(MODULES) / sizeof(MODULES[0]); i++) {
		if (strcmp(MODULES[i].expression, expression) == 0)
			return MODULES[i].module;
	}
	return NULL;
}

/* The message of that number in a batch of ours; empty if there is none. */
static struct nft_rest message_of(struct nft_rest batch, uint32_t number)
{
	struct nlmsghdr header;

	while (batch.length >= sizeof(header)) {
		memcpy(&header, batch.bytes, sizeof(header));
		if (header.nlmsg_seq == number)
			return (struct nft_rest){batch.bytes, header.nlmsg_len};
		batch.bytes += header.nlmsg_len;
		batch.length -= header.nlmsg_len;
	}
	return (struct nft_rest){0};
}

/* The module of the expression that the kernel does not like; NULL where it does not say. */
static const char *missing_module(const struct nft_message *refusal, struct nft_rest batch,
				  enum nft_kind kind)
{
	struct nft_rest message = message_of(batch, refusal->number);
	struct nft_attr attr;

	if (refusal->errnum != ENOENT)
		return NULL;
	if (kind == NFT_CHAIN)
		return "nft_chain_nat";
	if (refusal->bad_offset == 0 || refusal->bad_offset >= message.length)
		return NULL;
	struct nft_rest rest = {message.bytes + refusal->bad_offset,
				message.length - refusal->bad_offset};
	return nft_next(&rest, &attr) ? module_of(nft_find_text(attr.value, NFTA_EXPR_NAME)) : NULL;
}

/* "the rule tcp dport 15999 redirect to :15006 of SIDEWIRE_INBOUND" */
static void name_object(const struct nft_content *content, const struct nft_rules *rules,
			size_t object, struct strbuf *out)
{
	struct nft_rest attributes = nft_content_attributes(content, object);
	size_t rule = object - (content->count - content->rule_count);

	switch (content->objects[object].kind) {
	case NFT_CHAIN:
		strbuf_printf(out, "chain %s", nft_find_text(attributes, NFTA_CHAIN_NAME));
		return;
	case NFT_SET:
	case NFT_ELEMENTS:
		strbuf_printf(out, "set %s", nft_find_text(attributes, NFTA_SET_NAME));
		return;
	case NFT_RULE:
		strbuf_printf(out, "a rule of %s", nft_find_text(attributes, NFTA_RULE_CHAIN));
		if (rule < rules->count) {
			strbuf_puts(out, ", ");
			nft_text_rule(rules, &rules->rules[rule], out);
		}
		return;
	case NFT_KIND_COUNT:
		return;
	}
}

int nft_message_explain(const struct nft_message *refusal, struct nft_rest batch,
			const struct nft_content *content, const struct nft_rules *rules,
			const char *reason, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf what = STRBUF_INIT;
	size_t object = refusal->number - NFT_FIRST_OBJECT;

	if (refusal->number < NFT_FIRST_OBJECT || object >= content->count)
		return err_set(err, refusal->errnum, "the kernel refused the table inet %s: %s",
			       NFT_TABLE, reason);
	const char *module = missing_module(refusal, batch, content->objects[object].kind);
	name_object(content, rules, object, &what);
	const char *text = what.data != NULL ? what.data : "";
	if (module != NULL)
		return err_set(err, ENOENT,
			       "the kernel has no %s: load it with modprobe %s (inet %s: %s)",
			       module, module, NFT_TABLE, text);
	return err_set(err, refusal->errnum, "inet %s: the kernel refused %s: %s", NFT_TABLE, text,
		       reason);
}
