/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/netns/test_shadows.py has the kernel tell of real ones. */
#include "cni/core/nft_foreign.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/unit/suite.h"

static struct nft_rest rest_of(const struct strbuf *buf)
{
	return (struct nft_rest){(const uint8_t *)buf->data, buf->length};
}

/* What the kernel tells of a base chain. */
static void put_chain(struct strbuf *out, const char *table, uint32_t hook, int32_t priority)
{
	nft_put_text(out, NFTA_CHAIN_TABLE, table);
	nft_put_text(out, NFTA_CHAIN_NAME, "c");
	size_t opened = nft_open(out, NFTA_CHAIN_HOOK);
	nft_put_u32(out, NFTA_HOOK_HOOKNUM, hook);
	nft_put_u32(out, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nft_close(out, opened);
}

static void test_chains(void)
{
	static const struct {
		const char *name;
		const char *table;
		uint8_t family;
		uint32_t hook;
		int32_t priority;
		int families; /* 0: it is not kept */
	} ROWS[] = {
		{"inet", "t", NFPROTO_INET, NF_INET_LOCAL_OUT, -100, PLAN_BOTH},
		{"ip", "sidewire", NFPROTO_IPV4, NF_INET_LOCAL_IN, -300, PLAN_V4},
		{"ip6", "t", NFPROTO_IPV6, NF_INET_PRE_ROUTING, INT32_MIN, PLAN_V6},
		{"ours", "sidewire", NFPROTO_INET, NF_INET_LOCAL_OUT, -100, 0},
		{"bridge", "t", NFPROTO_BRIDGE, NF_INET_LOCAL_OUT, -100, 0},
		{"behind ours", "t", NFPROTO_INET, NF_INET_LOCAL_OUT, -99, 0},
		{"another hook", "t", NFPROTO_INET, NF_INET_FORWARD, -300, 0},
		{"another hook, too", "t", NFPROTO_INET, NF_INET_POST_ROUTING, -300, 0},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		CLEANUP(strbuf_release) struct strbuf told = STRBUF_INIT;
		struct foreign_chain chain = {0};

		put_chain(&told, ROWS[i].table, ROWS[i].hook, ROWS[i].priority);
		ASSERT_ROW(ROWS[i].name, nft_foreign_chain(rest_of(&told), ROWS[i].family,
							   &chain) == (ROWS[i].families != 0));
		ASSERT_ROW(ROWS[i].name, (int)chain.families == ROWS[i].families);
		if (ROWS[i].families == 0)
			continue;
		ASSERT_TEXT(ROWS[i].name, chain.family_name, ROWS[i].name);
		ASSERT_TEXT(ROWS[i].name, chain.table, ROWS[i].table);
		ASSERT_TEXT(ROWS[i].name, chain.name, "c");
		ASSERT_ROW(ROWS[i].name,
			   chain.hook == ROWS[i].hook && chain.priority == ROWS[i].priority);
		ASSERT_ROW(ROWS[i].name, !chain.is_nat && !chain.is_policy_drop);
		ASSERT_ROW(ROWS[i].name, nft_foreign_family(&chain) == ROWS[i].family);
	}
}

static void test_kinds_of_chains(void)
{
	CLEANUP(strbuf_release) struct strbuf told = STRBUF_INIT;
	struct foreign_chain chain = {0};

	nft_put_text(&told, NFTA_CHAIN_NAME, "c");
	CU_ASSERT(!nft_foreign_chain(rest_of(&told), NFPROTO_INET, &chain));
	put_chain(&told, "t", NF_INET_LOCAL_OUT, -100);
	nft_put_u32(&told, NFTA_CHAIN_POLICY, NF_DROP);
	nft_put_text(&told, NFTA_CHAIN_TYPE, "nat");
	CU_ASSERT(nft_foreign_chain(rest_of(&told), NFPROTO_INET, &chain));
	CU_ASSERT(chain.is_nat && chain.is_policy_drop);
}

static void put_expression(struct strbuf *out, const char *name, uint16_t type, const char *text)
{
	size_t element = nft_open(out, NFTA_LIST_ELEM);

	nft_put_text(out, NFTA_EXPR_NAME, name);
	size_t data = nft_open(out, NFTA_EXPR_DATA);
	if (text != NULL)
		nft_put_text(out, type, text);
	nft_close(out, data);
	nft_close(out, element);
}

static void put_verdict(struct strbuf *out, int32_t code)
{
	size_t element = nft_open(out, NFTA_LIST_ELEM);

	nft_put_text(out, NFTA_EXPR_NAME, "immediate");
	size_t data = nft_open(out, NFTA_EXPR_DATA);
	size_t value = nft_open(out, NFTA_IMMEDIATE_DATA);
	size_t verdict = nft_open(out, NFTA_DATA_VERDICT);
	nft_put_u32(out, NFTA_VERDICT_CODE, (uint32_t)code);
	nft_close(out, verdict);
	nft_close(out, value);
	nft_close(out, data);
	nft_close(out, element);
}

/* What an expression of the name, or a verdict of that code, is taken for. */
static const struct {
	const char *name; /* NULL: a verdict */
	uint16_t type;    /* of the one attribute in its data */
	const char *text;
	int32_t code;
	int end; /* -1: none */
} EXPRESSIONS[] = {
	{NULL, 0, NULL, NF_DROP, FOREIGN_DROP},
	{NULL, 0, NULL, NF_ACCEPT, -1},
	{NULL, 0, NULL, NFT_JUMP, -1},
	{"immediate", NFTA_IMMEDIATE_DATA, "", 0, -1},
	{"reject", 0, NULL, 0, FOREIGN_DROP},
	{"nat", 0, NULL, 0, FOREIGN_NAT},
	{"redir", 0, NULL, 0, FOREIGN_NAT},
	{"tproxy", 0, NULL, 0, FOREIGN_TPROXY},
	{"notrack", 0, NULL, 0, FOREIGN_NOTRACK},
	{"target", NFTA_TARGET_NAME, "DNAT", 0, FOREIGN_NAT},
	{"target", NFTA_TARGET_NAME, "LOG", 0, -1},
	{"match", NFTA_MATCH_NAME, "DNAT", 0, -1},
	{"counter", 0, NULL, 0, -1},
};

static void test_rules(void)
{
	for (size_t i = 0; i < sizeof(EXPRESSIONS) / sizeof(*EXPRESSIONS); i++) {
		CLEANUP(strbuf_release) struct strbuf told = STRBUF_INIT;
		const char *name = EXPRESSIONS[i].name != NULL ? EXPRESSIONS[i].name : "verdict";
		struct foreign_chain chain = {0};
		size_t list = nft_open(&told, NFTA_RULE_EXPRESSIONS);

		put_expression(&told, "cmp", 0, NULL);
		if (EXPRESSIONS[i].name != NULL)
			put_expression(&told, name, EXPRESSIONS[i].type, EXPRESSIONS[i].text);
		else
			put_verdict(&told, EXPRESSIONS[i].code);
		nft_close(&told, list);
		nft_foreign_note_rule(rest_of(&told), 5, &chain);
		nft_foreign_note_rule(rest_of(&told), 6, &chain);
		for (int end = 0; end < FOREIGN_END_COUNT; end++)
			ASSERT_ROW(name, chain.rules[end] == (end == EXPRESSIONS[i].end ? 5 : 0));
	}
}

static void test_rule_of_another_chain(void)
{
	CLEANUP(strbuf_release) struct strbuf told = STRBUF_INIT;
	struct foreign_chain chain = {.table = "t", .name = "c"};

	nft_put_text(&told, NFTA_RULE_TABLE, "t");
	nft_put_text(&told, NFTA_RULE_CHAIN, "c");
	CU_ASSERT(nft_foreign_is_of(rest_of(&told), &chain));
	chain.name[0] = 'd';
	CU_ASSERT(!nft_foreign_is_of(rest_of(&told), &chain));
	chain.name[0] = 'c';
	chain.table[0] = 'u';
	CU_ASSERT(!nft_foreign_is_of(rest_of(&told), &chain));
}

static void tell_table(const char *name, uint8_t family, uint32_t flags, struct foreign_list *list,
		       bool *is_ours_told)
{
	CLEANUP(strbuf_release) struct strbuf told = STRBUF_INIT;

	nft_put_text(&told, NFTA_TABLE_NAME, name);
	nft_put_u32(&told, NFTA_TABLE_FLAGS, flags);
	nft_foreign_note_table(rest_of(&told), family, list, is_ours_told);
}

static void test_tables(void)
{
	static const struct foreign_chain CHAINS[] = {
		{.table = "a", .name = "1", .families = PLAN_BOTH},
		{.table = "b", .name = "2", .families = PLAN_V4},
		{.table = "b", .name = "3", .families = PLAN_BOTH},
		{.table = "b", .name = "4", .families = PLAN_V4},
		{.table = "sidewire", .name = "5", .families = PLAN_V4},
	};
	CLEANUP(foreign_list_release) struct foreign_list list = {0};
	bool is_ours_told = false;
	struct err err;

	for (size_t i = 0; i < sizeof(CHAINS) / sizeof(*CHAINS); i++)
		CU_ASSERT_FATAL(foreign_list_add(&list, &CHAINS[i], &err) == 0);
	tell_table("a", NFPROTO_INET, 0, &list, &is_ours_told);
	tell_table("sidewire", NFPROTO_IPV4, 0, &list, &is_ours_told);
	CU_ASSERT(!is_ours_told);
	tell_table("sidewire", NFPROTO_INET, 0, &list, &is_ours_told);
	CU_ASSERT(is_ours_told);
	tell_table("b", NFPROTO_INET, 0, &list, &is_ours_told);
	tell_table("b", NFPROTO_IPV4, NFT_TABLE_F_DORMANT, &list, &is_ours_told);
	CU_ASSERT_FATAL(list.count == 3);
	CU_ASSERT(list.items[0].is_older && !list.items[1].is_older && list.items[2].is_older);
	ASSERT_TEXT("awake", list.items[1].name, "3");
}

static CU_TestInfo tests[] = {
	{"chains", test_chains}, {"kinds of chains", test_kinds_of_chains},
	{"rules", test_rules},   {"a rule of another chain", test_rule_of_another_chain},
	{"tables", test_tables}, CU_TEST_INFO_NULL,
};

SUITE("cni/core/nft_foreign", tests)
