/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend of rules_backend.h that writes nftables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cni/core/nft_content.h"
#include "cni/core/nft_rules.h"
#include "cni/io/nft_others.h"
#include "cni/io/nft_table.h"
#include "cni/io/rules_backend.h"
#include "common/base/cleanup.h"

/* A ruleset that someone else keeps changing is left to him in the end. */
enum { COMMIT_ATTEMPTS = 5 };

struct rules_change {
	struct nft_rules rules;    /* of the goal's plan */
	struct nft_content wanted; /* made of them */
	struct nft_state state;    /* what was in force */
	bool is_removal;           /* nothing of ours is wanted */
	bool is_alone;             /* nor another mesh */
	bool is_written;           /* or may be: the answer was lost */
};

static void change_free(struct rules_change *change)
{
	int saved = errno;

	if (change != NULL) {
		nft_state_release(&change->state);
		nft_content_release(&change->wanted);
		nft_rules_release(&change->rules);
	}
	free(change);
	errno = saved;
}

static void change_freep(struct rules_change **change)
{
	change_free(*change);
}

/* nf_tables' family inet is there without IPv6 too, where its rules would never match. */
static int check_v6(struct err *err)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(err, errno, "the kernel has no IPv6: %s", strerror(errno));
	close(fd);
	return 0;
}

static bool is_used(void)
{
	bool is_there = false;
	struct err err;

	return nft_table_exists(&is_there, &err) == 0 && is_there;
}

/* Reads what is in force, in the place of what was read before. */
static int read_state(struct rules_change *change, struct err *err)
{
	struct nft_state state;
	int r = nft_table_read(&state, err);

	if (r == -ENOPROTOOPT && change->is_removal)
		return 0;
	if (r < 0)
		return r;
	nft_state_release(&change->state);
	change->state = state;
	if (state.mesh.code != 0 && change->is_alone) {
		*err = state.mesh;
		return err->code;
	}
	return 0;
}

static int prepare(const struct rules_goal *goal, struct rules_change **ret_change, struct err *err)
{
	CLEANUP(change_freep) struct rules_change *change = calloc(1, sizeof(*change));

	if (change == NULL)
		return err_set(err, ENOMEM, "out of memory");
	int r = nft_rules_build(goal->plan, goal->families, &change->rules, err);
	if (r == 0)
		r = nft_content_build(&change->rules, &change->wanted, err);
	change->is_removal = r == 0 && !change->wanted.is_there;
	change->is_alone = goal->is_alone;
	if (r == 0 && !change->is_removal && (goal->families & PLAN_V6) != 0)
		r = check_v6(err);
	if (r == 0)
		r = read_state(change, err);
	if (r == 0)
		*ret_change = TAKE(change);
	return r;
}

static int compare(const struct rules_change *change, struct err *err)
{
	return nft_content_compare(&change->wanted, &change->rules, &change->state.content, err);
}

static int list_foreign(const struct rules_change *change, struct foreign_list *list,
			struct err *err)
{
	(void)change;
	return nft_others_list(list, err);
}

static int commit(struct rules_change *change, struct err *err)
{
	int r = -EAGAIN;

	for (int attempt = 0; r == -EAGAIN && attempt < COMMIT_ATTEMPTS; attempt++) {
		r = attempt == 0 ? 0 : read_state(change, err);
		if (r == 0 && !change->wanted.is_there && !change->state.content.is_there)
			return 0;
		if (r == 0)
			r = nft_table_write(&change->wanted, &change->rules, &change->state, err);
	}
	change->is_written = r == 0 || r == -EIO;
	return r;
}

/* A batch that was refused has written nothing. */
static int undo(struct rules_change *change, struct err *err)
{
	static const struct nft_rules UNKNOWN = {0};
	int r = change->is_written ? -EAGAIN : 0;

	for (int attempt = 0; r == -EAGAIN && attempt < COMMIT_ATTEMPTS; attempt++) {
		CLEANUP(nft_state_release) struct nft_state now = {0};

		r = nft_table_read(&now, err);
		if (r == 0)
			r = nft_table_write(&change->state.content, &UNKNOWN, &now, err);
	}
	change->is_written = change->is_written && r < 0;
	return r;
}

const struct rules_backend NFTABLES_BACKEND = {
	.name = "nftables",
	.is_used = is_used,
	.prepare = prepare,
	.compare = compare,
	.list_foreign = list_foreign,
	.commit = commit,
	.undo = undo,
	.free = change_free,
};
