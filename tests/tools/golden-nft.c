/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nftables backend by itself, with the redirect document on stdin. Without arguments it prints
 * what `nft -f` takes. `golden-nft COMMAND [4|6|46]` works in the network namespace that it is
 * started in, for those families; what goes wrong is said on stderr:
 *   apply, remove, verify   what rules_backend.h calls commit and compare
 *   undo                    applies, and takes it back
 *   late                    applies, when another change was made since this one was prepared
 *   used                    prints "yes" or "no"
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cni/core/nft_text.h"
#include "cni/core/redirect_plan.h"
#include "cni/io/rules_backend.h"
#include "common/base/cleanup.h"
#include "common/io/file_read.h"
#include "common/redirect_spec.h"

static void change_freep(struct rules_change **change)
{
	NFTABLES_BACKEND.free(*change);
}

/* Decodes and plans the document on stdin. */
static int read_plan(struct redirect_plan *ret_plan, struct err *err)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int r = file_read_fd(STDIN_FILENO, REDIRECT_SPEC_SIZE_MAX, &text, &length, err);

	if (r < 0)
		return r;
	r = redirect_spec_decode(text, length, &spec, err);
	return r < 0 ? r : redirect_plan_build(&spec, ret_plan, err);
}

static int print(struct strbuf *out, struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	int r = strbuf_finish(out, &text, err);

	return r < 0 || fputs(text, stdout) >= 0 ? r : -EIO;
}

/* Makes the change, by another one than what is prepared. */
static int be_first(const struct rules_goal *goal, struct err *err)
{
	CLEANUP(change_freep) struct rules_change *change = NULL;
	int r = NFTABLES_BACKEND.prepare(goal, &change, err);

	return r < 0 ? r : NFTABLES_BACKEND.commit(change, err);
}

static int change_rules(const char *command, const struct rules_goal *goal, struct err *err)
{
	CLEANUP(change_freep) struct rules_change *change = NULL;
	int r = NFTABLES_BACKEND.prepare(goal, &change, err);

	if (r == 0 && strcmp(command, "verify") == 0)
		return NFTABLES_BACKEND.compare(change, err);
	if (r == 0 && strcmp(command, "late") == 0)
		r = be_first(goal, err);
	if (r == 0)
		r = NFTABLES_BACKEND.commit(change, err);
	if (r == 0 && strcmp(command, "undo") == 0)
		r = NFTABLES_BACKEND.undo(change, err);
	return r;
}

static int print_text(struct err *err)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct strbuf out = STRBUF_INIT;
	int r = read_plan(&plan, err);

	if (r == 0)
		r = redirect_text_nft(&plan, &out, err);
	return r < 0 ? r : print(&out, err);
}

static int run(const char *command, enum plan_family families, struct err *err)
{
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct rules_goal goal = {.plan = &plan, .families = families, .gate_family = PLAN_V4};

	if (strcmp(command, "used") == 0)
		return puts(NFTABLES_BACKEND.is_used() ? "yes" : "no") < 0 ? -EIO : 0;
	int r = strcmp(command, "remove") == 0 ? 0 : read_plan(&plan, err);
	goal.is_alone = plan.count > 0;
	return r < 0 ? r : change_rules(command, &goal, err);
}

int main(int argc, char **argv)
{
	enum plan_family families = PLAN_BOTH;
	struct err err = {0};

	if (argc > 3) {
		fprintf(stderr, "usage: %s [COMMAND [4|6|46]] < DOCUMENT\n", argv[0]);
		return 2;
	}
	if (argc == 3 && strcmp(argv[2], "46") != 0)
		families = strcmp(argv[2], "4") == 0 ? PLAN_V4 : PLAN_V6;
	if ((argc == 1 ? print_text(&err) : run(argv[1], families, &err)) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	return 0;
}
