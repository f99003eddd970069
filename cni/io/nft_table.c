/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/nft_table.h"

#include <errno.h>
/* Before the kernel's headers, which then leave out what the two both define. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "cni/core/ipt_rules.h"
#include "cni/io/nft_socket.h"
#include "common/base/cleanup.h"

enum {
	READ_ATTEMPTS = 5,    /* a ruleset that someone else keeps changing is not read for ever */
	FIRST_GENERATION = 1, /* of a namespace's ruleset: nf_tables_init_net() */
};

/* Asks for one kind of thing. */
static int ask(int fd, uint16_t type, uint16_t flags, uint8_t family, const char *set,
	       nft_listener *listener, void *argument, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf request = STRBUF_INIT;

	nft_message_request(type, flags, family, family == NFPROTO_INET ? NFT_TABLE : NULL, set,
			    &request);
	return nft_socket_ask(fd, &request, listener, argument, err);
}

static int note_generation(const struct nft_message *message, void *argument, struct err *err)
{
	uint32_t *generation = argument;

	(void)err;
	if (message->type == NFT_MSG_NEWGEN)
		*generation = nft_find_u32(message->attributes, NFTA_GEN_ID);
	return 0;
}

static int read_generation(int fd, uint32_t *ret_generation, struct err *err)
{
	return ask(fd, NFT_MSG_GETGEN, 0, NFPROTO_UNSPEC, NULL, note_generation, ret_generation,
		   err);
}

/* The mesh that names its tables so, or NULL: Istio's, where it writes nftables itself. */
static const char *mesh_of_table(const char *table)
{
	static const char *const PREFIXES[] = {"istio-proxy-", "istio-ambient-"};

	for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++) {
		if (strncmp(table, PREFIXES[i], strlen(PREFIXES[i])) == 0)
			return "Istio";
	}
	return NULL;
}

/* Notes whether a chain is another mesh's. iptables-nft keeps its chains in tables of its own. */
static int note_chain(const struct nft_message *message, void *argument, struct err *err)
{
	struct nft_state *state = argument;
	const char *table = nft_find_text(message->attributes, NFTA_CHAIN_TABLE);
	const char *chain = nft_find_text(message->attributes, NFTA_CHAIN_NAME);
	const char *mesh = mesh_of_table(table);

	if (message->type != NFT_MSG_NEWCHAIN)
		return 0;
	if (message->family == NFPROTO_INET && strcmp(table, NFT_TABLE) == 0)
		return nft_content_add(&state->content, NFT_CHAIN, message->attributes, err);
	if (mesh == NULL)
		mesh = ipt_chain_mesh(chain);
	if (mesh != NULL)
		(void)err_set(&state->mesh, EEXIST,
			      "%s is in this pod already: the table %s of nftables has its "
			      "chain %s",
			      mesh, table, chain);
	return 0;
}

static int note_table(const struct nft_message *message, void *argument, struct err *err)
{
	struct nft_content *content = argument;
	uint32_t flags = nft_find_u32(message->attributes, NFTA_TABLE_FLAGS);

	(void)err;
	if (message->type != NFT_MSG_NEWTABLE)
		return 0;
	content->is_there = true;
	content->is_dormant = (flags & NFT_TABLE_F_DORMANT) != 0;
	return 0;
}

/* What is asked for, to be kept. */
struct collection {
	struct nft_content *content;
	enum nft_kind kind;
};

static int keep(const struct nft_message *message, void *argument, struct err *err)
{
	const struct collection *collection = argument;

	if (message->type != nft_kind_message(collection->kind) ||
	    strcmp(nft_find_text(message->attributes, NFTA_SET_TABLE), NFT_TABLE) != 0)
		return 0;
	return nft_content_add(collection->content, collection->kind, message->attributes, err);
}

/* The elements of each set that was read. */
static int read_elements(int fd, struct nft_content *content, struct err *err)
{
	struct collection elements = {content, NFT_ELEMENTS};
	size_t count = content->count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		char name[NFT_NAME_MAXLEN] = "";
		const char *told = nft_find_text(nft_content_attributes(content, i), NFTA_SET_NAME);

		if (content->objects[i].kind != NFT_SET)
			continue;
		memcpy(name, told, strnlen(told, sizeof(name) - 1));
		r = ask(fd, NFT_MSG_GETSETELEM, NLM_F_DUMP, NFPROTO_INET, name, keep, &elements,
			err);
	}
	return r;
}

/* Finds out whether it is there, and how, without what is in it. */
static int find_table(int fd, struct nft_content *content, struct err *err)
{
	int r = ask(fd, NFT_MSG_GETTABLE, 0, NFPROTO_INET, NULL, note_table, content, err);

	return r == -ENOENT ? 0 : r;
}

static int read_content(int fd, struct nft_content *content, struct err *err)
{
	struct collection sets = {content, NFT_SET};
	struct collection rules = {content, NFT_RULE};
	int r = find_table(fd, content, err);

	if (r < 0 || !content->is_there)
		return r;
	r = ask(fd, NFT_MSG_GETSET, NLM_F_DUMP, NFPROTO_INET, NULL, keep, &sets, err);
	if (r == 0)
		r = read_elements(fd, content, err);
	if (r == 0)
		r = ask(fd, NFT_MSG_GETRULE, NLM_F_DUMP, NFPROTO_INET, NULL, keep, &rules, err);
	return r;
}

static int read_once(struct nft_state *state, struct err *err)
{
	CLEANUP(nft_socket_closep) int fd = -1;
	uint32_t after = 0;
	int r = nft_socket_open(&fd, err);

	if (r == 0)
		r = read_generation(fd, &state->generation, err);
	if (r == 0 && state->generation == FIRST_GENERATION)
		return 0; /* nobody has ever written anything */
	if (r == 0)
		r = ask(fd, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC, NULL, note_chain, state,
			err);
	if (r == 0)
		r = read_content(fd, &state->content, err);
	if (r == 0)
		r = read_generation(fd, &after, err);
	if (r == 0 && after != state->generation)
		return err_set(err, EINTR, "the ruleset was changed while it was read");
	return r;
}

int nft_table_read(struct nft_state *ret_state, struct err *err)
{
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		CLEANUP(nft_state_release) struct nft_state state = {0};
		int r = read_once(&state, err);

		if (r == 0) {
			*ret_state = state;
			state = (struct nft_state){0};
		}
		if (r != -EINTR && r != -ENOENT)
			return r;
	}
	return err_set(err, EAGAIN, "nftables: someone else keeps changing the ruleset");
}

int nft_table_exists(bool *ret_is_there, struct err *err)
{
	CLEANUP(nft_socket_closep) int fd = -1;
	struct nft_content content = {0};
	int r = nft_socket_open(&fd, err);

	if (r == 0)
		r = find_table(fd, &content, err);
	if (r == 0 || r == -ENOPROTOOPT)
		*ret_is_there = content.is_there;
	return r == -ENOPROTOOPT ? 0 : r;
}

/* What a refusal means to the caller. */
static int refuse(const struct nft_message *refusal, const struct strbuf *batch,
		  const struct nft_content *content, const struct nft_rules *rules, struct err *err)
{
	struct nft_rest bytes = {(const uint8_t *)batch->data, batch->length};

	switch (refusal->errnum) {
	case 0:
		return 0;
	case ERESTART: /* nfnetlink_rcv_batch(): another generation */
		return err_set(err, EAGAIN, "nftables: someone else keeps changing the ruleset");
	case EAFNOSUPPORT:
	case EOPNOTSUPP:
		if (refusal->number < NFT_FIRST_OBJECT)
			return err_set(err, ENOPROTOOPT,
				       "the kernel's nf_tables has no family inet "
				       "(CONFIG_NF_TABLES_INET)");
		break;
	default:
		break;
	}
	return nft_message_explain(refusal, bytes, content, rules, strerror(refusal->errnum), err);
}

int nft_table_write(const struct nft_content *content, const struct nft_rules *rules,
		    const struct nft_state *now, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf batch = STRBUF_INIT;
	CLEANUP(nft_socket_closep) int fd = -1;
	struct nft_message refusal = {0};
	int r = nft_message_batch(content, now->content.is_there, now->generation, &batch, err);

	if (r == 0)
		r = nft_socket_open(&fd, err);
	if (r == 0)
		r = nft_socket_commit(fd, &batch, &refusal, err);
	return r < 0 ? r : refuse(&refusal, &batch, content, rules, err);
}

void nft_state_release(struct nft_state *state)
{
	nft_content_release(&state->content);
	*state = (struct nft_state){0};
}
