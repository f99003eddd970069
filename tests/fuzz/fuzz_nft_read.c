/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nf_tables may tell of a redirect document's plan, and of others' chains, whatever its bytes
 * are made: it is read within its bounds, and compared. fuzz_nft_encode has what is right. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/nft_content.h"
#include "cni/core/nft_foreign.h"
#include "cni/core/nft_message.h"
#include "cni/core/redirect_plan.h"
#include "common/base/cleanup.h"
#include "common/redirect_spec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutate.h"
#include "tests/fuzz/patched.h"

/* Adds what the messages tell of a kind, as if that had been asked for. */
static void read_kind(struct nft_rest rest, enum nft_kind kind, struct nft_content *content)
{
	struct nft_message message;
	struct err err;

	while (nft_message_next(&rest, &message)) {
		if (message.kind != NFT_TOLD || message.type != nft_kind_message(kind))
			continue;
		int r = nft_content_add(content, kind, message.attributes, &err);
		assert(r == 0);
	}
}

/* The same as what others have. */
static void read_foreign(struct nft_rest messages, const struct redirect_plan *plan)
{
	CLEANUP(foreign_list_release) struct foreign_list list = {0};
	struct nft_rest rest = messages;
	struct nft_message message;
	struct foreign_chain chain = {0};
	bool is_ours_told = false;
	struct err err = {0};

	while (nft_message_next(&rest, &message)) {
		if (!nft_foreign_chain(message.attributes, message.family, &chain))
			continue;
		int r = foreign_list_add(&list, &chain, &err);
		assert(r == 0 && strlen(chain.table) < sizeof(chain.table));
	}
	while (nft_message_next(&messages, &message)) {
		nft_foreign_note_table(message.attributes, message.family, &list, &is_ours_told);
		for (size_t i = 0; i < list.count; i++) {
			if (nft_foreign_is_of(message.attributes, &list.items[i]))
				nft_foreign_note_rule(message.attributes, 1, &list.items[i]);
		}
	}
	int r = foreign_list_check(&list, plan, PLAN_BOTH, &err);
	assert(r == 0 || r == -EBUSY);
	if (r < 0)
		fuzz_check_failure(&err);
}

static void check(const struct redirect_plan *plan, const uint8_t *data, size_t size)
{
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_content_release) struct nft_content content = {0};
	CLEANUP(nft_content_release) struct nft_content found = {0};
	CLEANUP(strbuf_release) struct strbuf batch = STRBUF_INIT;
	struct err err = {0};
	int r = nft_rules_build(plan, PLAN_BOTH, &rules, &err);

	if (r == 0)
		r = nft_content_build(&rules, &content, &err);
	if (r == 0)
		r = nft_message_batch(&content, true, 1, &batch, &err);
	assert(r == 0);
	/* At the end of a block of its own. */
	CLEANUP(freep) uint8_t *bytes = malloc(batch.length);
	assert(bytes != NULL);
	memcpy(bytes, batch.data, batch.length);
	fuzz_patch(data, size, bytes, batch.length);
	struct nft_rest messages = {bytes, batch.length};
	found.is_there = content.is_there;
	for (enum nft_kind kind = 0; kind < NFT_KIND_COUNT; kind++)
		read_kind(messages, kind, &found);
	r = nft_content_compare(&content, &rules, &found, &err);
	assert(r == 0 || r == -EUCLEAN);
	if (r < 0)
		fuzz_check_failure(&err);
	read_foreign(messages, plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	struct err err = {0};

	if (redirect_spec_decode((const char *)data, fuzz_text_length(data, size), &spec, &err) <
		    0 ||
	    redirect_plan_build(&spec, &plan, &err) < 0)
		fuzz_check_failure(&err);
	else
		check(&plan, data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_mutate_patched(data, size, max_size, seed, FUZZ_DOCUMENT_WORDS);
}
