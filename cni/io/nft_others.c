/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/io/nft_others.h"

#include <errno.h>
/* Before the kernel's headers, which then leave out what the two both define. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "cni/core/nft_foreign.h"
#include "cni/core/nft_rules.h"
#include "cni/io/nft_socket.h"
#include "common/base/cleanup.h"

/* A ruleset that someone else keeps changing is not read for ever. */
enum { READ_ATTEMPTS = 5 };

/* Asks for all things of a kind that are in a family. */
static int ask(int fd, uint16_t type, uint8_t family, const struct foreign_chain *chain,
	       nft_listener *listener, void *argument, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf request = STRBUF_INIT;

	nft_message_request(type, NLM_F_DUMP, family, chain != NULL ? chain->table : NULL,
			    chain != NULL ? chain->name : NULL, &request);
	return nft_socket_ask(fd, &request, listener, argument, err);
}

/* Keeps a chain that may be asked before one of ours. */
static int note_chain(const struct nft_message *message, void *argument, struct err *err)
{
	struct foreign_list *list = argument;
	struct foreign_chain chain;

	if (message->type != NFT_MSG_NEWCHAIN ||
	    !nft_foreign_chain(message->attributes, message->family, &chain))
		return 0;
	return foreign_list_add(list, &chain, err);
}

/* The tables that chains are in, and what has been told of. */
struct tables {
	struct foreign_list *list;
	bool is_ours_told;
};

static int note_table(const struct nft_message *message, void *argument, struct err *err)
{
	struct tables *tables = argument;

	(void)err;
	if (message->type == NFT_MSG_NEWTABLE)
		nft_foreign_note_table(message->attributes, message->family, tables->list,
				       &tables->is_ours_told);
	return 0;
}

static int read_tables(int fd, struct foreign_list *list, struct err *err)
{
	struct tables tables = {.list = list};
	int r = ask(fd, NFT_MSG_GETTABLE, NFPROTO_UNSPEC, NULL, note_table, &tables, err);

	/* Nothing is older than what is not there. */
	for (size_t i = 0; !tables.is_ours_told && i < list->count; i++)
		list->items[i].is_older = false;
	return r;
}

/* The rules of one chain. */
struct rules {
	struct foreign_chain *chain;
	unsigned int count;
};

static int note_rule(const struct nft_message *message, void *argument, struct err *err)
{
	struct rules *rules = argument;

	(void)err;
	if (message->type == NFT_MSG_NEWRULE &&
	    nft_foreign_is_of(message->attributes, rules->chain))
		nft_foreign_note_rule(message->attributes, ++rules->count, rules->chain);
	return 0;
}

static int read_once(struct foreign_list *list, struct err *err)
{
	CLEANUP(nft_socket_closep) int fd = -1;
	int r = nft_socket_open(&fd, err);

	if (r == 0)
		r = ask(fd, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, note_chain, list, err);
	if (r == 0 && list->count > 0)
		r = read_tables(fd, list, err);
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		struct rules rules = {.chain = &list->items[i]};

		r = ask(fd, NFT_MSG_GETRULE, nft_foreign_family(rules.chain), rules.chain,
			note_rule, &rules, err);
	}
	return r;
}

/* Adds all that is in `more`. */
static int add_all(const struct foreign_list *more, struct foreign_list *list, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < more->count; i++)
		r = foreign_list_add(list, &more->items[i], err);
	return r;
}

int nft_others_list(struct foreign_list *list, struct err *err)
{
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		CLEANUP(foreign_list_release) struct foreign_list more = {0};
		int r = read_once(&more, err);

		if (r == 0)
			return add_all(&more, list, err);
		if (r == -ENOPROTOOPT)
			return 0;
		if (r != -EINTR)
			return r;
	}
	return err_set(err, EAGAIN, "nftables: someone else keeps changing the ruleset");
}
