/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni/core/nft_foreign.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter_ipv4.h>
#include <string.h>

#include "cni/core/nft_rules.h"

/* nf_tables' families in which IPv4 and IPv6 are. */
static const struct {
	uint8_t number;
	enum plan_family families;
	const char *name;
} FAMILIES[] = {
	{NFPROTO_INET, PLAN_BOTH, "inet"},
	{NFPROTO_IPV4, PLAN_V4, "ip"},
	{NFPROTO_IPV6, PLAN_V6, "ip6"},
};

enum { FAMILY_COUNT = sizeof(FAMILIES) / sizeof(FAMILIES[0]) };

/* The index in FAMILIES; FAMILY_COUNT for another family. */
static size_t family_of(uint8_t number)
{
	size_t i = 0;

	while (i < FAMILY_COUNT && FAMILIES[i].number != number)
		i++;
	return i;
}

uint8_t nft_foreign_family(const struct foreign_chain *chain)
{
	size_t i = 0;

	while (i < FAMILY_COUNT - 1 && FAMILIES[i].families != chain->families)
		i++;
	return FAMILIES[i].number;
}

static bool is_ours(const char *table, uint8_t family)
{
	return family == NFPROTO_INET && strcmp(table, NFT_TABLE) == 0;
}

/* Whether a chain that is asked there comes before one of ours: nat's are the last that others can
 * shadow. */
static bool is_early(struct nft_rest hook)
{
	uint32_t number = nft_find_u32(hook, NFTA_HOOK_HOOKNUM);

	return (number == NF_INET_PRE_ROUTING || number == NF_INET_LOCAL_IN ||
		number == NF_INET_LOCAL_OUT) &&
	       (int32_t)nft_find_u32(hook, NFTA_HOOK_PRIORITY) <= NF_IP_PRI_NAT_DST;
}

bool nft_foreign_chain(struct nft_rest chain, uint8_t family, struct foreign_chain *ret_chain)
{
	const char *table = nft_find_text(chain, NFTA_CHAIN_TABLE);
	struct nft_rest hook = nft_find(chain, NFTA_CHAIN_HOOK);
	struct nft_rest policy = nft_find(chain, NFTA_CHAIN_POLICY);
	size_t kind = family_of(family);
	struct foreign_chain found = {0};

	if (hook.length == 0 || kind == FAMILY_COUNT || is_ours(table, family) || !is_early(hook))
		return false;
	found.family_name = FAMILIES[kind].name;
	foreign_name_set(found.table, table);
	foreign_name_set(found.name, nft_find_text(chain, NFTA_CHAIN_NAME));
	found.families = FAMILIES[kind].families;
	found.hook = nft_find_u32(hook, NFTA_HOOK_HOOKNUM);
	found.priority = (int32_t)nft_find_u32(hook, NFTA_HOOK_PRIORITY);
	found.is_nat = strcmp(nft_find_text(chain, NFTA_CHAIN_TYPE), "nat") == 0;
	found.is_policy_drop =
		policy.length > 0 && nft_find_u32(chain, NFTA_CHAIN_POLICY) == NF_DROP;
	*ret_chain = found;
	return true;
}

void nft_foreign_note_table(struct nft_rest table, uint8_t family, struct foreign_list *list,
			    bool *is_ours_told)
{
	const char *name = nft_find_text(table, NFTA_TABLE_NAME);
	bool is_dormant = (nft_find_u32(table, NFTA_TABLE_FLAGS) & NFT_TABLE_F_DORMANT) != 0;

	*is_ours_told = *is_ours_told || is_ours(name, family);
	for (size_t i = list->count; i > 0; i--) {
		struct foreign_chain *chain = &list->items[i - 1];

		if (nft_foreign_family(chain) != family || strcmp(chain->table, name) != 0)
			continue;
		chain->is_older = !*is_ours_told;
		if (is_dormant)
			foreign_list_remove(list, i - 1);
	}
}

bool nft_foreign_is_of(struct nft_rest rule, const struct foreign_chain *chain)
{
	return strcmp(nft_find_text(rule, NFTA_RULE_TABLE), chain->table) == 0 &&
	       strcmp(nft_find_text(rule, NFTA_RULE_CHAIN), chain->name) == 0;
}

/* Whether the data of an immediate expression is the verdict `drop`. */
static bool is_drop(struct nft_rest data)
{
	struct nft_rest verdict = nft_find(nft_find(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);

	return nft_find(verdict, NFTA_VERDICT_CODE).length > 0 &&
	       nft_find_u32(verdict, NFTA_VERDICT_CODE) == NF_DROP;
}

static void note_expression(const char *name, struct nft_rest data, unsigned int number,
			    struct foreign_chain *chain)
{
	static const struct {
		const char *name;
		enum foreign_end end;
	} ENDS[] = {
		{"reject", FOREIGN_DROP},   {"nat", FOREIGN_NAT},         {"redir", FOREIGN_NAT},
		{"tproxy", FOREIGN_TPROXY}, {"notrack", FOREIGN_NOTRACK},
	};

	for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
		if (strcmp(ENDS[i].name, name) == 0)
			foreign_chain_note(chain, ENDS[i].end, number);
	}
	if (strcmp(name, "immediate") == 0 && is_drop(data))
		foreign_chain_note(chain, FOREIGN_DROP, number);
	/* By iptables-nft, which has some of iptables' targets in rules of nf_tables. */
	if (strcmp(name, "target") == 0) {
		struct nft_rest info = nft_find(data, NFTA_TARGET_INFO);

		foreign_chain_note_target(chain, nft_find_text(data, NFTA_TARGET_NAME), info.bytes,
					  info.length, number);
	}
}

void nft_foreign_note_rule(struct nft_rest rule, unsigned int number, struct foreign_chain *chain)
{
	struct nft_rest expressions = nft_find(rule, NFTA_RULE_EXPRESSIONS);
	struct nft_attr attr;

	while (nft_next(&expressions, &attr))
		note_expression(nft_find_text(attr.value, NFTA_EXPR_NAME),
				nft_find(attr.value, NFTA_EXPR_DATA), number, chain);
}
