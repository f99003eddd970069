/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a redirect document's plan is as messages to nf_tables: whole messages of whole attributes,
 * which say the same when they are read back as the kernel would tell them. */
#include <assert.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "cni/core/nft_message.h"
#include "cni/core/nft_text.h"
#include "cni/core/redirect_plan.h"
#include "common/base/cleanup.h"
#include "common/redirect_spec.h"
#include "tests/fuzz/fuzz.h"

/* Attributes that fill what they are in, and nested ones that do so too. */
static void check_attributes(struct nft_rest rest)
{
	struct nft_attr attr;

	while (nft_next(&rest, &attr)) {
		if (attr.is_nested)
			check_attributes(attr.value);
	}
	assert(rest.length == 0);
}

static bool is_kind(const struct nft_message *message, enum nft_kind *ret_kind)
{
	for (enum nft_kind kind = 0; kind < NFT_KIND_COUNT; kind++) {
		if (message->type == nft_kind_message(kind)) {
			*ret_kind = kind;
			return true;
		}
	}
	return false;
}

/* Reads the messages between those that begin and end the batch. */
static void read_back(const struct strbuf *batch, struct nft_content *content)
{
	struct nft_rest rest = {(const uint8_t *)batch->data, batch->length};
	struct nft_message message;
	struct err err;

	while (nft_message_next(&rest, &message)) {
		enum nft_kind kind;

		check_attributes(message.attributes);
		/* The numbers that begin and end a batch are those of no object. */
		if (is_kind(&message, &kind)) {
			int r = nft_content_add(content, kind, message.attributes, &err);
			assert(r == 0);
		}
	}
	assert(rest.length == 0);
}

static void check_families(const struct redirect_plan *plan, enum plan_family families)
{
	CLEANUP(nft_rules_release) struct nft_rules rules = {0};
	CLEANUP(nft_content_release) struct nft_content content = {0};
	CLEANUP(nft_content_release) struct nft_content found = {0};
	CLEANUP(strbuf_release) struct strbuf batch = STRBUF_INIT;
	struct err err;
	int r = nft_rules_build(plan, families, &rules, &err);

	/* A rule more than in the plan is one behind a TPROXY alone. */
	assert(r == 0 && rules.count <= 2 * plan->count);
	r = nft_content_build(&rules, &content, &err);
	assert(r == 0);
	r = nft_message_batch(&content, true, 1, &batch, &err);
	assert(r == 0);
	found.is_there = content.is_there;
	read_back(&batch, &found);
	assert(found.count == content.count && found.rule_count == content.rule_count);
	r = nft_content_compare(&content, &rules, &found, &err);
	assert(r == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(redirect_spec_release) struct redirect_spec spec = {0};
	CLEANUP(redirect_plan_release) struct redirect_plan plan = {0};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct err err = {0};

	if (redirect_spec_decode((const char *)data, size, &spec, &err) < 0 ||
	    redirect_plan_build(&spec, &plan, &err) < 0) {
		fuzz_check_failure(&err);
		return 0;
	}
	for (enum plan_family families = PLAN_V4; families <= PLAN_BOTH; families++)
		check_families(&plan, families);
	int r = redirect_text_nft(&plan, &text, &err);
	assert(r == 0 && !text.is_failed);
	return 0;
}
